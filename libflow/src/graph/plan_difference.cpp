#include "flow/graph/plan_difference.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace flow {
namespace {

using Json = nlohmann::ordered_json;

/// What a plan says of one node: its links (parts that planning added are links too), the
/// parallelism of its chain and the nodes it reads.
struct PlanNode {
  std::string kind = "step";
  std::uint32_t parallelism = 0;
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
    node.parallelism = chain.at("parallelism").get<std::uint32_t>();
    auto said = link;
    // Where it stands, and which part of its node it is, follows from the rest.
    for (const auto* where : {"name", "node", "to", "phase"}) said.erase(where);
    node.links.emplace(link.at("name").get<std::string>(), std::move(said));
  }
}

/// The node that a target of a port belongs to.
std::string target_of(const Json& target, const Json& chain, const Json& plan) {
  if (target.contains("link"))
    return node_of(chain.at("links").at(target["link"].get<std::size_t>()));
  const auto& edge = plan.at("edges").at(target.at("edge").get<std::size_t>());
  const auto& links = plan.at("chains").at(edge.at("to").get<std::size_t>()).at("links");
  return node_of(links.at(edge.at("link").get<std::size_t>()));
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
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
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
      say("key_groups was " + text_of(before["key_groups"]) + " and is " +
          text_of(now["key_groups"]));
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
    std::set<std::pair<std::uint32_t, std::uint32_t>> changes;
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
        once("'" + name + "' had no `" + key + "`");
      else if (key == "schema")
        compare_schema(name, was[key], value);
      else if (was[key] != value)
        once("`" + key + "` of '" + name + "' was " + text_of(was[key]) + " and is " +
             text_of(value));
    }
    for (const auto& [key, value] : was.items())
      if (!is.contains(key)) once("'" + name + "' has no `" + key + "` any more");
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
        once(column(field) + " was " + text_of(type) + " and is " + text_of(is[field]));
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
  const auto old_plan = Json::parse(before, nullptr, false);
  const auto new_plan = Json::parse(now, nullptr, false);
  // What another version wrote may have any form.
  try {
    return Comparison{old_plan, new_plan}.take();
  } catch (const Json::exception&) {
    return {};
  }
}

}  // namespace flow
