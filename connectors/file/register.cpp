#include "register.hpp"

#include "file_sink.hpp"
#include "file_source.hpp"

#include "flow/connector/format_options.hpp"

namespace flow::file {
namespace {

Result<std::optional<Compression>> take_compression(Options& options) {
  FLOW_ASSIGN(const auto name, options.take_choice("compression", {"none", "gzip", "zstd"}));
  if (!name) return std::optional<Compression>{};
  if (*name == "gzip") return std::optional{Compression::gzip};
  return std::optional{*name == "zstd" ? Compression::zstd : Compression::none};
}

Result<std::shared_ptr<const Source>> make_source(SourceRequest& request) {
  FileSourcePlan plan;
  plan.node = request.node;
  plan.on_error = request.on_error;
  const auto place = request.options.place_of("path");
  FLOW_ASSIGN(auto paths, request.options.take_list("path"));
  if (!paths || paths->empty()) return missing_option("path").at(place);
  plan.paths = std::move(*paths);
  FLOW_ASSIGN(plan.format, take_format(request.options, plan.paths.front(), true));
  if (request.schema == nullptr && !std::holds_alternative<LinesFormat>(plan.format))
    return Error{Errc::missing_option, "'" + request.node + "' needs a schema"}
        .with_remedy("`flowctl schema infer FILE` prints one")
        .at(request.options.place_of("schema"));
  auto schema = request.schema != nullptr ? request.schema : make_schema({{"line", types::string}});
  plan.columns = DecodedColumns::all(std::move(schema), request.text);
  FLOW_ASSIGN(plan.compression, take_compression(request.options));
  FLOW_ASSIGN(const auto range, request.options.take_size("range"));
  if (range) plan.range = *range;
  FLOW_ASSIGN(const auto multiline, request.options.take_bool("multiline"));
  plan.multiline = multiline.value_or(true);
  // What the format has to say against the schema is said now, not when the job runs.
  if (auto decoder = make_decoder(plan.format, plan.columns); !decoder)
    return std::move(decoder).error().with_context("source '" + request.node + "'").at(place);
  return std::shared_ptr<const Source>{std::make_shared<FileSource>(std::move(plan))};
}

Result<std::shared_ptr<const Sink>> make_sink(SinkRequest& request) {
  FileSinkPlan plan;
  plan.node = request.node;
  FLOW_ASSIGN(plan.path, request.options.require_string("path"));
  FLOW_ASSIGN(plan.format, take_format(request.options, plan.path, false));
  FLOW_ASSIGN(const auto compression, take_compression(request.options));
  plan.compression = compression.value_or(compression_of(plan.path));
  FLOW_ASSIGN(const auto existing,
              request.options.take_choice("existing", {"own", "append", "replace"}));
  if (existing == "append") plan.existing = Existing::append;
  if (existing == "replace") plan.existing = Existing::replace;
  FLOW_ASSIGN(const auto roll_size, request.options.take_size("roll_size"));
  if (roll_size) plan.roll_bytes = *roll_size;
  FLOW_ASSIGN(plan.roll_interval, request.options.take_duration("roll_interval"));
  FLOW_ASSIGN(const auto outbox, request.options.take_size("outbox"));
  if (outbox) plan.outbox = std::max(*outbox, 64_KiB);
  return std::shared_ptr<const Sink>{std::make_shared<FileSink>(std::move(plan))};
}

}  // namespace

void register_in(ConnectorRegistry& registry) {
  ConnectorEntry entry;
  entry.name = "file";
  entry.summary = "Files of csv, ndjson or lines, plain or compressed.";
  entry.guarantee = "source: exact positions; sink: exactly once";
  entry.source_options = {{"path", "string | list", "", true,
                           "Files, with * ? [a-z]; read in the order of their names."},
                          {"compression", "none | gzip | zstd", "by the extension", false,
                           "How the files are compressed."},
                          {"range", "size", "8MiB", false,
                           "Plain files are read in ranges of this size, in parallel; raising it "
                           "makes fewer and larger ones; 0: whole files."},
                          {"multiline", "bool", "true", false,
                           "csv: quoted fields may hold line breaks. false spares a scan of large "
                           "files before the first row."}};
  for (auto& option : format_options(true)) entry.source_options.push_back(std::move(option));
  entry.sink_options = {
      {"path", "string", "", true,
       "Files become PATH-SUBTASK-PART.EXTENSION; with or without extension."},
      {"compression", "none | gzip | zstd", "by the extension", false,
       "How to compress the files."},
      {"existing", "own | append | replace", "own", false,
       "What happens to files that are there: own replaces those of an earlier finished run and "
       "refuses others."},
      {"roll_size", "size", "128MiB", false,
       "A part that has this size is closed and a new one begun."},
      {"roll_interval", "duration", "", false,
       "A part that is this old is closed with the next rows; each checkpoint does so anyway."},
      {"outbox", "size", "8MiB", false,
       "Rows that may wait for the disk, per subtask; beyond that is backpressure."}};
  for (auto& option : format_options(false)) entry.sink_options.push_back(std::move(option));
  entry.make_source = make_source;
  entry.make_sink = make_sink;
  registry.add(std::move(entry));
}

}  // namespace flow::file
