// The ten worst routes of each week: composite keys, a computed column, hopping windows, top.

#include <flow/flow.hpp>

using namespace flow;

int main(int argc, char** argv) {
  Environment env{"worst_routes"};
  env.checkpoints("state/worst_routes", 1s);

  env.from("flights", file("configs/data/flights-2001-*.csv.gz").format(csv()))
      .schema({{"date", timestamp},
               {"delay", int32},
               {"distance", int32},
               {"origin", string},
               {"destination", string}})
      .event_time("date", 1h)
      .with({{"late", "CASE WHEN delay > 15 THEN 1 ELSE 0 END"}})
      .key_by({"origin", "destination"})
      .window(hopping(7 * 24h, 24h))
      .aggregate({{"flights", count()}, {"late", sum("late")}, {"worst", max("delay")}})
      .filter("flights >= 3")
      .top(10, {"late desc", "worst desc"}, {"window_end"})
      .to("routes", file("out/routes").format(csv()));

  return env.main(argc, argv);
}
