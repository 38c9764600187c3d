#include "contract/sink_contract.hpp"
#include "making.hpp"

#include "connectors/print/register.hpp"
#include "support/seed.hpp"
#include "support/simulated_file_system.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

using namespace flow;
using namespace flow::testing;

namespace {

class Recorder final : public print::TextOutput {
 public:
  Status write(std::string_view text) override {
    if (closed) return Error{Errc::output_closed, "closed"};
    written += text;
    return {};
  }
  std::string written;
  bool closed = false;
};

struct Printing {
  explicit Printing(const std::string& format = "ndjson") {
    print::register_in(registry, output);
    auto made = make_sink(registry, "print", types, {{"format", format}});
    REQUIRE(made);
    sink = *made;
    auto opened = sink->open(world.context(), types);
    REQUIRE(opened);
    writer = std::move(*opened);
  }
  SimulatedFileSystem files{1};
  ConnectorWorld world{files};
  ConnectorRegistry registry;
  std::shared_ptr<Recorder> output = std::make_shared<Recorder>();
  SchemaPtr types = schema("a:int64 b:string");
  std::shared_ptr<const Sink> sink;
  std::unique_ptr<SinkWriter> writer;
};

}  // namespace

TEST_CASE("print writes what it has when it is asked to flush", "[contract][print]") {
  Printing printing;
  REQUIRE(printing.writer->write(batch(printing.types, {{1, "x"}, {2, nullptr}})));
  CHECK(printing.output->written.empty());
  printing.writer->flush();
  printing.world.io.run_all();
  CHECK(printing.output->written == "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":null}\n");
  CHECK(printing.writer->bytes_written() == printing.output->written.size());
}

TEST_CASE("print has written everything when a checkpoint is prepared", "[contract][print]") {
  Printing printing{"csv"};
  REQUIRE(printing.writer->write(batch(printing.types, {{1, "x"}})));
  bool prepared = false;
  printing.writer->prepare({1}, [&](Result<std::string> bytes) {
    REQUIRE(bytes);
    CHECK(bytes->empty());
    prepared = true;
  });
  CHECK_FALSE(prepared);
  printing.world.io.run_all();
  CHECK(prepared);
  CHECK(printing.output->written == "a,b\n1,x\n");
}

TEST_CASE("a checkpoint does not wait for rows that are printed behind it", "[contract][print]") {
  Printing printing{"csv"};
  std::vector<int> prepared;
  for (int n = 1; n <= 3; ++n) {
    REQUIRE(printing.writer->write(batch(printing.types, {{n, "x"}})));
    printing.writer->prepare({static_cast<std::uint64_t>(n)}, [&prepared, n](const auto& bytes) {
      REQUIRE(bytes);
      prepared.push_back(n);
    });
  }
  REQUIRE(printing.writer->write(batch(printing.types, {{4, "x"}})));
  CHECK(prepared.empty());
  REQUIRE(printing.world.io.step());
  CHECK(prepared == std::vector<int>{1});
  REQUIRE(printing.world.io.step());
  CHECK(prepared == std::vector<int>{1, 2, 3});
  printing.world.io.run_all();
  printing.writer->flush();
  printing.world.io.run_all();
  CHECK(printing.output->written == "a,b\n1,x\n2,x\n3,x\n4,x\n");
}

TEST_CASE("print shows the kinds of a changelog", "[contract][print]") {
  Printing printing{"csv"};
  REQUIRE(printing.writer->write(
      changelog(printing.types, {{"+I", 1, "x"}, {"-U", 1, "x"}, {"+U", 1, "y"}, {"-D", 1, "y"}})));
  printing.writer->flush();
  printing.world.io.run_all();
  CHECK(printing.output->written == "a,b\n+I 1,x\n-U 1,x\n+U 1,y\n-D 1,y\n");
}

TEST_CASE("print refuses rows while its output is stuck, and wakes its owner when it is not",
          "[contract][print]") {
  Printing printing;
  const auto rows = batch(printing.types,
                          std::vector<testing::Row>(1000, testing::Row{1, std::string(100, 'x')}));
  std::size_t taken = 0;
  for (; taken < 1000; ++taken) {
    auto written = printing.writer->write(rows);
    REQUIRE(written);
    if (!written->accepted) break;
  }
  CHECK(taken < 20);
  CHECK(printing.world.wakes == 0);
  printing.world.io.run_all();
  CHECK(printing.world.wakes > 0);
  CHECK(printing.writer->write(rows)->accepted);
}

TEST_CASE("print ends with output_closed when nobody reads", "[contract][print]") {
  Printing printing;
  printing.output->closed = true;
  REQUIRE(printing.writer->write(batch(printing.types, {{1, "x"}})));
  printing.writer->flush();
  printing.world.io.run_all();
  CHECK(printing.world.wakes > 0);
  auto after = printing.writer->write(batch(printing.types, {{1, "x"}}));
  REQUIRE_FALSE(after);
  CHECK(after.error().code() == Errc::output_closed);
}

TEST_CASE("an output that cannot heal is not tried again", "[contract][print]") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  const int read_only = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  REQUIRE(read_only >= 0);
  for (const auto descriptor : {full, read_only}) {
    const auto status = print::make_descriptor_output(descriptor)->write("x\n");
    REQUIRE(::close(descriptor) == 0);
    REQUIRE_FALSE(status);
    CHECK(status.error().code() == Errc::output_unwritable);
    CHECK(status.error().retry() == Retry::never);
  }
}

TEST_CASE("a pipe whose reader is gone is a closed output", "[contract][print]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::close(ends[0]) == 0);
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  REQUIRE(::sigaction(SIGPIPE, &ignore, &before) == 0);
  const auto status = print::make_descriptor_output(ends[1])->write("x\n");
  REQUIRE(::sigaction(SIGPIPE, &before, nullptr) == 0);
  REQUIRE(::close(ends[1]) == 0);
  REQUIRE_FALSE(status);
  CHECK(status.error().code() == Errc::output_closed);
}
