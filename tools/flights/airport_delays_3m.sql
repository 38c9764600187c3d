-- The same question as airport_delays_3m.yaml, asked of PostgreSQL. Ties of `top` go by the remaining columns in order.
CREATE TABLE flights (date timestamp, delay int, distance int, origin text, destination text);
\copy flights FROM 'flights-3m.csv' CSV HEADER
CREATE TABLE windows AS
  SELECT origin, date_trunc('hour', date) AS window_start, date_trunc('hour', date) + interval '1 hour' AS window_end,
         count(*) AS flights, sum(delay)::float8 / count(*)::float8 AS mean_delay, max(delay) AS worst
  FROM flights WHERE delay > 15 AND origin <> destination GROUP BY 1, 2, 3;
CREATE TABLE delays AS
  SELECT origin, window_start, window_end, flights, mean_delay, worst FROM (
    SELECT *, row_number() OVER (PARTITION BY window_end
                                 ORDER BY worst DESC, origin COLLATE "C", window_start, flights, mean_delay) AS place
    FROM windows) ranked
  WHERE place <= 3;
\copy windows TO 'windows.csv' CSV HEADER
\copy delays TO 'delays.csv' CSV HEADER
