#include "file_sink.hpp"

#include "file_writer.hpp"

namespace flow::file {

FileSink::FileSink(FileSinkPlan plan)
    : plan_{std::move(plan)},
      directory_{std::make_shared<OutputDirectory>(
          OutputNames{plan_.path, file_extension(plan_.format), plan_.compression, plan_.node},
          plan_.existing, plan_.node)} {}

Status FileSink::accept(const Schema& schema, bool changelog) const {
  if (changelog)
    return Error{Errc::unsupported_rows,
                 "'" + plan_.node + "' receives changes, but files only grow"}
        .with_remedy("aggregate in windows, or write the changes with `connector: print`");
  if (auto encoder = make_encoder(plan_.format, make_schema(schema.fields())); !encoder)
    return std::move(encoder).error().with_context("sink '" + plan_.node + "'");
  return {};
}

Status FileSink::check_outside(FileSystem& files, const std::string& job, bool fresh) const {
  return directory_->check(files, job, fresh);
}

Result<std::unique_ptr<SinkWriter>> FileSink::open(const ConnectorContext& context,
                                                   SchemaPtr schema) const {
  FLOW_ASSIGN(auto encoder, make_encoder(plan_.format, schema));
  return std::unique_ptr<SinkWriter>{
      std::make_unique<FileWriter>(plan_, directory_, context, std::move(encoder))};
}

Status FileSink::finish(FileSystem& files, const std::string& job,
                        const std::string& lineage) const {
  return directory_->finish(files, job, lineage);
}

std::string FileSink::claim() const { return "files '" + directory_->names().identity() + "'"; }

}  // namespace flow::file
