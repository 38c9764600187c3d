#include "syntax.hpp"

#include <algorithm>

namespace flow::expr {

namespace {

std::string quoted(const std::string& text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    if (c == mark) out += mark;
    out += c;
  }
  return out + mark;
}

/// Text with backslashes is safe as it is: standard-conforming strings do not interpret them.
std::string literal(const std::string& text) { return quoted(text, '\''); }

// Always quoted: which words are reserved differs between versions of the parser.
std::string name(const std::string& text) { return quoted(text, '"'); }

void write(const Syntax& syntax, std::string& out);

void write_list(const std::vector<Syntax>& args, std::size_t first, const char* separator,
                std::string& out) {
  for (std::size_t i = first; i < args.size(); ++i) {
    if (i > first) out += separator;
    write(args[i], out);
  }
}

void write_call(const char* function, const Syntax& syntax, std::string& out) {
  out += function;
  out += '(';
  write_list(syntax.args, 0, ", ", out);
  out += ')';
}

void write_case(const Syntax& syntax, std::string& out) {
  out += "CASE";
  std::size_t next = 0;
  if (syntax.has_operand) {
    out += ' ';
    write(syntax.args[next++], out);
  }
  const std::size_t end = syntax.args.size() - (syntax.has_else ? 1 : 0);
  for (; next + 1 < end; next += 2) {
    out += " WHEN ";
    write(syntax.args[next], out);
    out += " THEN ";
    write(syntax.args[next + 1], out);
  }
  if (syntax.has_else) {
    out += " ELSE ";
    write(syntax.args.back(), out);
  }
  out += " END";
}

void write_postfix(const Syntax& syntax, const char* test, std::string& out) {
  out += '(';
  write(syntax.args[0], out);
  out += syntax.negated ? " IS NOT " : " IS ";
  out += test;
  out += ')';
}

void write(const Syntax& syntax, std::string& out) {
  const auto infix = [&](const char* word) {
    out += '(';
    write(syntax.args[0], out);
    out += syntax.negated ? " NOT " : " ";
    out += word;
    out += ' ';
  };
  switch (syntax.kind) {
    case SyntaxKind::null_literal:
      out += "NULL";
      return;
    case SyntaxKind::bool_literal:
      out += syntax.text == "true" ? "TRUE" : "FALSE";
      return;
    case SyntaxKind::integer_literal:
    case SyntaxKind::decimal_literal:
      // The parser folds a sign into the number again.
      out += syntax.text[0] == '-' ? "(" + syntax.text + ")" : syntax.text;
      return;
    case SyntaxKind::string_literal:
      out += literal(syntax.text);
      return;
    case SyntaxKind::column:
      if (!syntax.qualifier.empty()) out += name(syntax.qualifier) + ".";
      out += name(syntax.text);
      return;
    case SyntaxKind::unary:
      out += "(" + syntax.text + " ";
      write(syntax.args[0], out);
      out += ')';
      return;
    case SyntaxKind::binary:
      out += '(';
      write(syntax.args[0], out);
      out += " " + syntax.text + " ";
      write(syntax.args[1], out);
      out += ')';
      return;
    case SyntaxKind::call:
      write_call(name(syntax.text).c_str(), syntax, out);
      return;
    case SyntaxKind::cast:
      out += "CAST(";
      write(syntax.args[0], out);
      out += " AS " + name(syntax.text) + ")";
      return;
    case SyntaxKind::interval:
      out += "INTERVAL " + literal(syntax.text);
      if (!syntax.qualifier.empty()) out += " " + syntax.qualifier;
      return;
    case SyntaxKind::logic_and:
    case SyntaxKind::logic_or:
      out += '(';
      write_list(syntax.args, 0, syntax.kind == SyntaxKind::logic_and ? " AND " : " OR ", out);
      out += ')';
      return;
    case SyntaxKind::logic_not:
      out += "(NOT ";
      write(syntax.args[0], out);
      out += ')';
      return;
    case SyntaxKind::case_when:
      write_case(syntax, out);
      return;
    case SyntaxKind::coalesce:
      write_call("COALESCE", syntax, out);
      return;
    case SyntaxKind::nullif:
      write_call("NULLIF", syntax, out);
      return;
    case SyntaxKind::greatest:
      write_call("GREATEST", syntax, out);
      return;
    case SyntaxKind::least:
      write_call("LEAST", syntax, out);
      return;
    case SyntaxKind::in_list:
      infix("IN");
      out += '(';
      write_list(syntax.args, 1, ", ", out);
      out += "))";
      return;
    case SyntaxKind::between:
    case SyntaxKind::between_symmetric:
      infix(syntax.kind == SyntaxKind::between ? "BETWEEN" : "BETWEEN SYMMETRIC");
      write(syntax.args[1], out);
      out += " AND ";
      write(syntax.args[2], out);
      out += ')';
      return;
    case SyntaxKind::like:
    case SyntaxKind::ilike:
      infix(syntax.kind == SyntaxKind::like ? "LIKE" : "ILIKE");
      write(syntax.args[1], out);
      if (syntax.args.size() > 2) {
        out += " ESCAPE ";
        write(syntax.args[2], out);
      }
      out += ')';
      return;
    case SyntaxKind::is_null:
      write_postfix(syntax, "NULL", out);
      return;
    case SyntaxKind::is_true:
      write_postfix(syntax, "TRUE", out);
      return;
    case SyntaxKind::is_false:
      write_postfix(syntax, "FALSE", out);
      return;
    case SyntaxKind::is_unknown:
      write_postfix(syntax, "UNKNOWN", out);
      return;
    case SyntaxKind::distinct_from:
      out += '(';
      write(syntax.args[0], out);
      out += syntax.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ";
      write(syntax.args[1], out);
      out += ')';
      return;
  }
}

}  // namespace

std::string canonical_text(const Syntax& syntax) {
  std::string out;
  write(syntax, out);
  return out;
}

}  // namespace flow::expr
