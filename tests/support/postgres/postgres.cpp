#include "support/postgres/postgres.hpp"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace flow::testing {

namespace fs = std::filesystem;

namespace {

/// The folder of the newest installed server, or nothing.
std::string find_programs() {
  if (const char* given = std::getenv("FLOW_POSTGRES_BIN"); given != nullptr) return given;
  std::string best;
  int best_version = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{"/usr/lib/postgresql", ignored}) {
    const int version = std::atoi(entry.path().filename().c_str());
    if (version > best_version && fs::exists(entry.path() / "bin" / "initdb")) {
      best = entry.path() / "bin";
      best_version = version;
    }
  }
  return best;
}

/// A port that is free now; somebody may take it before the server does, so callers try again.
std::uint16_t free_port() {
  const int socket_fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool good =
      ::bind(socket_fd, generic, size) == 0 && ::getsockname(socket_fd, generic, &size) == 0;
  ::close(socket_fd);
  if (!good) throw std::runtime_error{"no free port on 127.0.0.1"};
  return ntohs(address.sin_port);
}

bool is_root() { return ::geteuid() == 0; }

/// Runs a program of the server as the user it wants, output to `log`.
bool run(const std::string& command, const fs::path& log) {
  const std::string as_user = is_root() ? "runuser -u postgres -- " : "";
  const std::string line = as_user + command + " >>'" + log.string() + "' 2>&1 </dev/null";
  return std::system(line.c_str()) == 0;
}

std::string text_of(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

std::unique_ptr<PostgresServer> PostgresServer::start(std::string& reason,
                                                      const std::vector<std::string>& settings) {
  const auto programs = find_programs();
  if (programs.empty()) {
    reason = "PostgreSQL's server is not installed (package postgresql)";
    return nullptr;
  }
  if (is_root() && ::getpwnam("postgres") == nullptr) {
    reason = "there is no user 'postgres' to run the server as";
    return nullptr;
  }
  std::string log;
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::unique_ptr<PostgresServer> server{new PostgresServer};
    if (server->try_start(programs, settings)) return server;
    log = text_of(server->directory_ / "log");
  }
  throw std::runtime_error{"PostgreSQL does not start:\n" + log};
}

bool PostgresServer::try_start(const std::string& programs,
                               const std::vector<std::string>& settings) {
  const auto& root = directory_.path();
  const auto data = (root / "data").string();
  const auto log = root / "log";
  std::ofstream{log}.close();
  if (is_root()) {
    const auto* user = ::getpwnam("postgres");
    if (::chown(root.c_str(), user->pw_uid, user->pw_gid) != 0) return false;
  }
  if (!run(programs + "/initdb -D '" + data + "' -U postgres -A trust --no-sync -E UTF8 --locale=C",
           log))
    return false;
  port_ = free_port();
  {
    std::ofstream configuration{fs::path{data} / "postgresql.conf", std::ios::app};
    configuration << "listen_addresses='127.0.0.1'\nport=" << port_ << "\nunix_socket_directories='"
                  << root.string()
                  << "'\nfsync=off\nshared_buffers=16MB\ntimezone='UTC'\nlog_min_messages=fatal\n"
                  << "log_min_error_statement=fatal\n";
    for (const auto& line : settings) configuration << line << '\n';
  }
  if (!run(programs + "/pg_ctl -D '" + data + "' -l '" + (root / "server.log").string() +
               "' -w -t 60 start",
           log))
    return false;
  std::ifstream{fs::path{data} / "postmaster.pid"} >> process_;
  return process_ > 0;
}

void PostgresServer::stop() noexcept {
  if (process_ <= 0) return;
  ::kill(process_, SIGINT);  // Fast shutdown.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (::kill(process_, 0) == 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  if (::kill(process_, 0) == 0) ::kill(process_, SIGQUIT);
  process_ = 0;
}

PostgresServer::~PostgresServer() { stop(); }

std::string PostgresServer::connection_string() const {
  return "host=127.0.0.1 user=postgres dbname=postgres client_encoding=UTF8 port=" +
         std::to_string(port_);
}

struct PostgresClient::Connection {
  PGconn* handle = nullptr;
  ~Connection() { PQfinish(handle); }
};

PostgresClient::PostgresClient(const std::string& connection_string) : connection_{new Connection} {
  connection_->handle = PQconnectdb(connection_string.c_str());
  if (PQstatus(connection_->handle) != CONNECTION_OK)
    throw std::runtime_error{std::string{"cannot connect: "} + PQerrorMessage(connection_->handle)};
}

PostgresClient::~PostgresClient() = default;

PostgresClient::Answer PostgresClient::query(const std::string& sql, const Row& parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters)
    values.push_back(parameter ? parameter->c_str() : nullptr);
  PGresult* result = PQexecParams(connection_->handle, sql.c_str(), static_cast<int>(values.size()),
                                  nullptr, values.data(), nullptr, nullptr, 0);
  Answer answer;
  const auto status = PQresultStatus(result);
  answer.good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
  if (!answer.good) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    answer.state = state == nullptr ? "" : state;
    answer.message = PQresultErrorMessage(result);
  }
  for (int row = 0; row < PQntuples(result); ++row) {
    Row values_of_row;
    for (int column = 0; column < PQnfields(result); ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        values_of_row.emplace_back();
      } else {
        values_of_row.emplace_back(
            std::string{PQgetvalue(result, row, column),
                        static_cast<std::size_t>(PQgetlength(result, row, column))});
      }
    }
    answer.rows.push_back(std::move(values_of_row));
  }
  PQclear(result);
  return answer;
}

PostgresClient::Answer PostgresClient::must(const std::string& sql, const Row& parameters) {
  auto answer = query(sql, parameters);
  if (!answer.good) throw std::runtime_error{answer.message + "\nin: " + sql};
  return answer;
}

}  // namespace flow::testing
