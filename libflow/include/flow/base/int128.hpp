#pragma once

namespace flow {

// Not ISO C++, but both compilers have them; __extension__ keeps -Wpedantic quiet in this one
// place.
__extension__ typedef __int128 Int128;            // NOLINT(modernize-use-using)
__extension__ typedef unsigned __int128 Uint128;  // NOLINT(modernize-use-using)

}  // namespace flow
