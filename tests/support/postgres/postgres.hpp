#pragma once

#include "support/temp_dir.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow::testing {

/// A PostgreSQL server with a data directory and a port of its own, on 127.0.0.1, stopped by its
/// process id when the object dies. As root it runs as user `postgres`.
///
/// Owner: the test.   Thread: blocking.   Errors: start() throws std::runtime_error with the
/// server's log.
class PostgresServer {
 public:
  /// Starts a server; nothing, with the reason, if PostgreSQL is not installed. `settings` are
  /// lines of postgresql.conf, such as `wal_level=logical`.
  static std::unique_ptr<PostgresServer> start(std::string& reason,
                                               const std::vector<std::string>& settings = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// For libpq: superuser `postgres`, database `postgres`, no password.
  [[nodiscard]] std::string connection_string() const;

 private:
  PostgresServer() = default;
  bool try_start(const std::string& programs, const std::vector<std::string>& settings);
  void stop() noexcept;

  TempDir directory_;
  std::uint16_t port_ = 0;
  int process_ = 0;
};

/// One connection. Results are texts; nullopt is SQL's null.
///
/// Owner: the test.   Thread: blocking.
class PostgresClient {
 public:
  using Row = std::vector<std::optional<std::string>>;
  struct Answer {
    bool good = false;
    std::string state;    ///< SQLSTATE of an error.
    std::string message;  ///< Of an error.
    std::vector<Row> rows;
  };

  explicit PostgresClient(const std::string& connection_string);
  ~PostgresClient();
  PostgresClient(const PostgresClient&) = delete;
  PostgresClient& operator=(const PostgresClient&) = delete;

  /// Runs one statement with `parameters` as $1, $2, …
  Answer query(const std::string& sql, const Row& parameters = {});
  /// The same; throws std::runtime_error on an error.
  Answer must(const std::string& sql, const Row& parameters = {});

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace flow::testing
