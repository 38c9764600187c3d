#include "flow/graph/plan_difference.hpp"

#include "flow/base/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace flow {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 64;        // no plan of ours is deeper, and what follows recurses
constexpr std::size_t kQuoted = 80;  // bytes of a text that are worth a place in a message

/// Throws unless it is one: conversions of nlohmann take any number, and what does not fit is
/// undefined.
std::uint64_t whole(const Json& number) { return number.get_ref<const Json::number_unsigned_t&>(); }

/// What a plan says of one node: its links (parts that planning added are links too), the
/// parallelism of its chain and the nodes it reads.
struct PlanNode {
  std::string kind = "step";
  std::uint64_t parallelism = 0;
  std::map<std::string, Json> links;
  std::set<std::string> inputs;
};
struct PlanNodes {
  std::vector<std::string> order;
  std::map<std::string, PlanNode> nodes;
};

std::string node_of(const Json& link) {
  return link.value("node", link.at("name").get<std::string>());
}

std::string kind_of(const Json& link) {
  return link.contains("source") ? "source" : link.contains("sink") ? "sink" : "step";
}

void read_links(const Json& chain, PlanNodes& plan) {
  for (const auto& link : chain.at("links")) {
    const auto name = node_of(link);
    if (!plan.nodes.contains(name)) plan.order.push_back(name);
    auto& node = plan.nodes[name];
    node.kind = kind_of(link);
    node.parallelism = whole(chain.at("parallelism"));
    auto said = link;
    // Where it stands, and which part of its node it is, follows from the rest.
    for (const auto* where : {"name", "node", "to", "phase"}) said.erase(where);
    node.links.emplace(link.at("name").get<std::string>(), std::move(said));
  }
}

/// The node that a target of a port belongs to.
std::string target_of(const Json& target, const Json& chain, const Json& plan) {
  if (target.contains("link")) return node_of(chain.at("links").at(whole(target["link"])));
  const auto& edge = plan.at("edges").at(whole(target.at("edge")));
  const auto& links = plan.at("chains").at(whole(edge.at("to"))).at("links");
  return node_of(links.at(whole(edge.at("link"))));
}

void read_inputs(const Json& chain, const Json& json, PlanNodes& plan) {
  for (const auto& link : chain.at("links")) {
    if (!link.contains("to")) continue;
    for (const auto& port : link["to"])
      for (const auto& target : port)
        if (const auto reader = target_of(target, chain, json); reader != node_of(link))
          plan.nodes[reader].inputs.insert(node_of(link));
  }
}

PlanNodes nodes_of(const Json& json) {
  PlanNodes plan;
  for (const auto& chain : json.at("chains")) read_links(chain, plan);
  for (const auto& chain : json.at("chains")) read_inputs(chain, json, plan);
  return plan;
}

std::string text_of(const Json& value) {
  const auto text = value.is_string() ? value.get<std::string>()
                                      : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string shown{whole_characters(text, kQuoted)};
  return shown.size() < text.size() ? shown + "…" : shown;
}

std::string lacks(const std::string& node, const std::string& verb, const std::string& key) {
  return "'" + node + "' " + verb + " no `" + key + "`";
}

std::string key_of(const std::string& node, const std::string& key) {
  return "`" + key + "` of '" + node + "'";
}

std::string was_and_is(const std::string& what, const Json& was, const Json& is) {
  return what + " was " + text_of(was) + " and is " + text_of(is);
}

std::string listed(const std::set<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text.empty() ? "nothing" : text;
}

/// Compares two plans node by node.
class Comparison {
 public:
  Comparison(const Json& before, const Json& now) : before_{nodes_of(before)}, now_{nodes_of(now)} {
    if (before.at("key_groups") != now.at("key_groups"))
      say(was_and_is("key_groups", before["key_groups"], now["key_groups"]));
    for (const auto& name : before_.order)
      if (!now_.nodes.contains(name)) say(before_.nodes[name].kind + " '" + name + "' is gone");
    for (const auto& name : now_.order)
      if (!before_.nodes.contains(name)) say(now_.nodes[name].kind + " '" + name + "' is new");
    compare_parallelism();
    for (const auto& name : now_.order)
      if (before_.nodes.contains(name)) compare(name, before_.nodes[name], now_.nodes[name]);
  }

  std::vector<std::string> take() { return std::move(said_); }

 private:
  void say(std::string sentence) { said_.push_back(std::move(sentence)); }

  /// One sentence if every node changed in the same way, else one per node.
  void compare_parallelism() {
    std::set<std::pair<std::uint64_t, std::uint64_t>> changes;
    std::vector<std::string> each;
    for (const auto& name : now_.order) {
      const auto found = before_.nodes.find(name);
      if (found == before_.nodes.end()) continue;
      const auto was = found->second.parallelism;
      const auto is = now_.nodes[name].parallelism;
      changes.emplace(was, is);
      if (was != is)
        each.push_back("the parallelism of '" + name + "' was " + std::to_string(was) + " and is " +
                       std::to_string(is));
    }
    if (changes.size() == 1 && !each.empty())
      return say("the parallelism was " + std::to_string(changes.begin()->first) + " and is " +
                 std::to_string(changes.begin()->second));
    for (auto& sentence : each) say(std::move(sentence));
  }

  void compare(const std::string& name, const PlanNode& was, const PlanNode& is) {
    const auto said_before = said_.size();
    if (was.inputs != is.inputs)
      say("'" + name + "' read " + listed(was.inputs) + " and reads " + listed(is.inputs));
    for (const auto& [link, now] : is.links)
      if (const auto before = was.links.find(link); before != was.links.end())
        compare_link(name, before->second, now);
    // Parts come and go with the parallelism, which has been said.
    const bool same_parts =
        std::equal(was.links.begin(), was.links.end(), is.links.begin(), is.links.end(),
                   [](const auto& a, const auto& b) { return a.first == b.first; });
    if (!same_parts && said_.size() == said_before && was.parallelism == is.parallelism)
      say("'" + name + "' is made of other parts");
  }

  void compare_link(const std::string& name, const Json& was, const Json& is) {
    for (const auto& [key, value] : is.items()) {
      if (!was.contains(key))
        once(lacks(name, "had", key));
      else if (key == "schema")
        compare_schema(name, was[key], value);
      else if (was[key] != value)
        once(was_and_is(key_of(name, key), was[key], value));
    }
    for (const auto& [key, value] : was.items())
      if (!is.contains(key)) once(lacks(name, "has", key) + " any more");
  }

  void compare_schema(const std::string& name, const Json& was, const Json& is) {
    const auto column = [&](const std::string& what) {
      return "column '" + what + "' of '" + name + "'";
    };
    const auto said_before = said_.size();
    for (const auto& [field, type] : was.items()) {
      if (!is.contains(field))
        once(column(field) + " is gone");
      else if (is[field] != type)
        once(was_and_is(column(field), type, is[field]));
    }
    for (const auto& [field, type] : is.items())
      if (!was.contains(field)) once(column(field) + " is new");
    if (was != is && said_.size() == said_before)
      once("the columns of '" + name + "' are in another order");
  }

  /// Parts of a node may say the same.
  void once(std::string sentence) {
    if (std::find(said_.begin(), said_.end(), sentence) == said_.end()) say(std::move(sentence));
  }

  PlanNodes before_;
  PlanNodes now_;
  std::vector<std::string> said_;
};

}  // namespace

std::vector<std::string> plan_differences(std::string_view before, std::string_view now) {
  // What another version wrote, or somebody else, may have any form.
  bool too_deep = false;
  const auto parse = [&](std::string_view text) {
    return Json::parse(
        text,
        [&](int depth, Json::parse_event_t, Json&) {
          too_deep = too_deep || depth > kMaxDepth;
          return !too_deep;
        },
        false);
  };
  const auto old_plan = parse(before);
  const auto new_plan = parse(now);
  if (too_deep) return {};
  try {
    return Comparison{old_plan, new_plan}.take();
  } catch (const Json::exception&) {
    return {};
  }
}

}  // namespace flow
