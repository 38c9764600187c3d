// Rows that come too late for their window are a stream of their own.

#include <flow/flow.hpp>

using namespace flow;

int main(int argc, char** argv) {
  Environment env{"late_rows"};

  auto [per_hour, too_late] =
      env.from("flights", file("configs/data/flights-reported.ndjson.gz").format(ndjson()))
          .schema({{"date", timestamp}, {"delay", int32}, {"origin", string}})
          .event_time("date", 30min)
          .key_by("origin")
          .window(tumbling(1h))
          .lateness(1h)
          .aggregate_with_late_rows({{"flights", count()}});
  per_hour.to("per_hour", file("out/per_hour").format(ndjson()));
  too_late.to("too_late", file("out/too_late").format(csv()));

  return env.main(argc, argv);
}
