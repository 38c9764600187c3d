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

/// `date, origin, delay`
std::string listed(std::span<const std::string> names);

/// The note of an error about a word that is not among `names`:
/// `columns: date, origin, delay      did you mean 'delay'?`, the question if one is near.
std::string choices_note(std::string_view label, std::string_view word,
                         std::span<const std::string> names);

}  // namespace flow
