#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace flow {

/// The candidate a mistyped word most likely meant: fewest edits (insert, delete, replace, swap of
/// neighbours), case ignored; nothing if none is within a third of the word's length (at least 1).
/// Ties go to the first candidate.   Thread: value.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// `      did you mean 'delay'?` to append to a note, or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace flow
