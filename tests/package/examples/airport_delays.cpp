// Delays per airport and hour: the first example of the manual.

#include <flow/flow.hpp>

using namespace flow;

int main(int argc, char** argv) {
  Environment env{"airport_delays"};

  auto flights = env.from("flights", file("configs/data/flights-2001-*.csv.gz").format(csv()))
                     .schema({{"date", timestamp},
                              {"delay", int32},
                              {"distance", int32},
                              {"origin", string},
                              {"destination", string}})
                     .event_time("date", 5min);

  flights.filter("delay > 15")
      .key_by("origin")
      .window(tumbling(1h))
      .aggregate({{"flights", count()}, {"mean_delay", avg("delay")}, {"worst", max("delay")}})
      .to("delays", file("out/delays").format(ndjson()));

  return env.main(argc, argv);  // same flags, progress, signals and exit codes as `flowctl run`
}
