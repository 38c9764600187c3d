#include "output_names.hpp"

#include "flow/base/file_system.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace flow::file {
namespace {

/// What a path may end in without being a name of its own, and what formats add.
constexpr std::array<std::string_view, 7> kExtensions{".csv",  ".tsv", ".ndjson", ".jsonl",
                                                      ".json", ".txt", ".log"};
constexpr std::array<std::string_view, 2> kCompressions{".gz", ".zst"};

constexpr std::string_view kPending = ".pending";
constexpr std::string_view kTemporary = ".temporary";

/// Takes `-<number>` from the front; the number as people write it, without zeros in front.
template <class T>
bool take_number(std::string_view& text, T& number) {
  if (!text.starts_with('-')) return false;
  const auto* begin = text.data() + 1;
  const auto [end, code] = std::from_chars(begin, text.data() + text.size(), number);
  if (code != std::errc{} || (*begin == '0' && end != begin + 1)) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// Whether some sink of files could have given a file this extension. A sink of another name has
/// one that only begins like it: `.x-0-0.csv`.
bool is_extension(std::string_view text) {
  for (const auto compressed : kCompressions) {
    if (!text.ends_with(compressed)) continue;
    text.remove_suffix(compressed.size());
    break;
  }
  return std::find(kExtensions.begin(), kExtensions.end(), text) != kExtensions.end();
}

}  // namespace

OutputNames::OutputNames(const std::string& path, std::string_view extension,
                         Compression compression, std::string_view fallback)
    : directory_{parent_directory(path)}, extension_{extension} {
  std::string_view name = path;
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  if (path.ends_with('/')) {
    directory_ = path.substr(0, path.find_last_not_of('/') + 1);
    if (directory_.empty()) directory_ = "/";
    name = fallback;
  }
  for (const auto compressed : kCompressions)
    if (name.ends_with(compressed)) name.remove_suffix(compressed.size());
  const auto dot = name.rfind('.');
  if (dot != std::string_view::npos && dot > 0) {
    const auto given = name.substr(dot);
    for (const auto known : kExtensions) {
      if (given != known) continue;
      extension_ = given;
      name = name.substr(0, dot);
      break;
    }
  }
  stem_ = name;
  if (compression == Compression::gzip) extension_ += ".gz";
  if (compression == Compression::zstd) extension_ += ".zst";
}

std::string OutputNames::identity() const {
  const std::filesystem::path given{directory_};
  std::error_code failure;
  auto directory = std::filesystem::absolute(given, failure);
  // What exists is followed through links, the rest is taken by its letters.
  if (!failure) directory = std::filesystem::weakly_canonical(directory, failure);
  if (failure) directory = given.lexically_normal();
  return (directory / stem_).string();
}

std::string OutputNames::visible(Part part) const {
  return stem_ + "-" + std::to_string(part.subtask) + "-" + std::to_string(part.number) +
         extension_;
}

std::string OutputNames::pending(Part part, std::string_view lineage, std::uint32_t attempt,
                                 bool resumable) const {
  return "." + visible(part) + "." + tame(lineage) + "-" + std::to_string(attempt) +
         std::string{resumable ? kPending : kTemporary};
}

std::string OutputNames::pattern(std::uint32_t subtask) const {
  return stem_ + "-" + std::to_string(subtask) + "-*" + extension_;
}

std::optional<OutputNames::Part> OutputNames::parse_visible(std::string_view name) const {
  Part part;
  if (!name.starts_with(stem_)) return std::nullopt;
  name.remove_prefix(stem_.size());
  if (!take_number(name, part.subtask) || !take_number(name, part.number) || !is_extension(name))
    return std::nullopt;
  return part;
}

std::optional<OutputNames::Pending> OutputNames::parse_pending(std::string_view name) const {
  const bool resumable = name.ends_with(kPending);
  if (!name.starts_with('.') || (!resumable && !name.ends_with(kTemporary))) return std::nullopt;
  name.remove_prefix(1);
  name.remove_suffix((resumable ? kPending : kTemporary).size());
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto part = parse_visible(name.substr(0, dot));
  auto run = name.substr(dot + 1);
  const auto dash = run.find('-');
  if (!part || dash == std::string_view::npos) return std::nullopt;
  Pending pending{*part, std::string{run.substr(0, dash)}, 0, resumable};
  run.remove_prefix(dash);
  if (!take_number(run, pending.attempt) || !run.empty()) return std::nullopt;
  return pending;
}

std::string OutputNames::tame(std::string_view lineage) {
  std::string out{lineage};
  for (auto& c : out) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!plain) c = '_';
  }
  return out.empty() ? "_" : out;
}

}  // namespace flow::file
