#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace flow::csv {

/// Finds the delimiters and line ends of CSV text that do not stand inside quotes, 64 bytes at a
/// time.
///
/// A quote is legal only at the start of a field, at its end, and doubled inside. That can be told
/// from its neighbours, so a stray quote is found where it stands, however far its partner is: the
/// scan stops there and whoever drives it decides how to go on. The state between two calls is that
/// of the text before `at`, so text may be given in pieces of any size.
///
/// Owner: value.   Thread: actor-confined.   Cost: about 0.1 ns a byte.
class Scanner {
 public:
  Scanner(char delimiter, char quote) : delimiter_{delimiter}, quote_{quote} {}

  /// Where structural characters stand. `row_last[r]` is the index in `ends` of the line end of row
  /// r.
  struct Structure {
    std::vector<std::uint32_t> ends;
    std::vector<std::uint32_t> row_last;
    bool non_ascii = false;
    void clear() {
      ends.clear();
      row_last.clear();
      non_ascii = false;
    }
  };
  static constexpr std::size_t kNoStray = ~std::size_t{0} / 2;

  /// The next byte begins a row.
  void restart() noexcept {
    in_quotes_ = 0;
    after_boundary_ = 1;
    after_closing_ = 0;
    open_at_ = kNoStray;
  }
  /// Appends the structure of data[from, to) to `out`; 64 bytes behind `to` are readable. Returns
  /// the position of the first stray quote, behind which nothing was appended, or kNoStray. A stray
  /// quote may lie at from − 1 (which wraps around at 0). Positions are indices into `data`.
  std::size_t scan(const char* data, std::size_t from, std::size_t to, Structure& out);

  [[nodiscard]] bool in_quotes() const noexcept { return in_quotes_ != 0; }
  /// The last quote that opened a field, in the coordinates of the scan that met it.
  [[nodiscard]] std::size_t open_at() const noexcept { return open_at_; }

 private:
  char delimiter_;
  char quote_;
  std::uint64_t in_quotes_ = 0;       ///< All ones inside quotes.
  std::uint64_t after_boundary_ = 1;  ///< 1 if a quote may open a field here.
  std::uint64_t after_closing_ = 0;   ///< 1 if the byte before was a closing quote.
  std::size_t open_at_ = kNoStray;
};

}  // namespace flow::csv
