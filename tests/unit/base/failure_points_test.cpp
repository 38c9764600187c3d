#include "flow/base/failure_points.hpp"

#include "support/catch.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

namespace flow {
namespace {

TEST_CASE("without rules no failure point does anything", "[unit][failure_points]") {
  const auto points = make_no_failure_points();
  for (const FailurePoint& point : failure_points()) CHECK(points->hit(point.name));
}

TEST_CASE("failure points have unique names and say where they are", "[unit][failure_points]") {
  std::set<std::string_view> names;
  for (const FailurePoint& point : failure_points()) {
    CHECK(names.insert(point.name).second);
    CHECK_FALSE(point.where.empty());
    CHECK(point.name.find_first_of("=@:, ") == std::string_view::npos);
  }
}

TEST_CASE("an error rule fails the n-th hit only", "[unit][failure_points]") {
  const auto points =
      parse_failure_points("checkpoint.before_object=error@2,checkpoint.after_object=delay:1us");
  REQUIRE(points);
  FailurePoints& live = **points;
  CHECK(live.hit("checkpoint.before_object"));
  CHECK(live.hit("checkpoint.after_object"));
  const Status second = live.hit("checkpoint.before_object");
  REQUIRE_FALSE(second);
  CHECK(second.error().code() == Errc::injected);
  CHECK(live.hit("checkpoint.before_object"));
}

TEST_CASE("a crash rule kills the process at once", "[unit][failure_points]") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto points = parse_failure_points("checkpoint.before_manifest=crash");
    if (points) static_cast<void>((*points)->hit("checkpoint.before_manifest"));
    ::_exit(0);
  }
  int state = 0;
  REQUIRE(::waitpid(child, &state, 0) == child);
  CHECK(WIFSIGNALED(state));
  CHECK(WTERMSIG(state) == SIGKILL);
}

TEST_CASE("a rule that means nothing is refused", "[unit][failure_points]") {
  for (const char* text :
       {"checkpoint.before_object", "nowhere=crash", "checkpoint.before_object=explode",
        "checkpoint.before_object=crash@0", "checkpoint.before_object=crash@x",
        "checkpoint.before_object=delay:soon", "checkpoint.before_object=crash,,"}) {
    INFO(text);
    const auto points = parse_failure_points(text);
    REQUIRE_FALSE(points);
    CHECK(points.error().code() == Errc::bad_argument);
  }
  CHECK(parse_failure_points(""));
}

}  // namespace
}  // namespace flow
