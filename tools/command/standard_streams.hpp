#pragma once

namespace flow::command {

/// Occupies those of the descriptors 0, 1 and 2 that are closed, so that no file of a job gets such
/// a number and is written to as if it were standard output. Writing to them fails with EBADF.
/// Thread: startup.
void hold_standard_streams();

/// Writes what waits for standard output. Returns `code`, or, if that was kDone and the output
/// cannot be written, the code of the error it reports. That nobody reads any more is no error.
int finish_output(int code);

}  // namespace flow::command
