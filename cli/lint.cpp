// SPDX-License-Identifier: Apache-2.0
#include "bakery/image_contents.hpp"
#include "bakery/recipe_file.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/bakery_verbs.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace cli {

namespace {

using base::Kind;

/// A file that was judged.
struct Judged {
  std::string path;
  std::vector<bakery::Finding> findings;
};

bool is_recipe(const std::string &path)
{
  return path.ends_with(".yaml") || path.ends_with(".yml");
}

/// Throws where the recipe is wrong: there is nothing to judge then.
void check_recipe(const std::string &path)
{
  const auto text = base::Dir::open_root("/").text(path);
  if (!text)
    base::fail(Kind::not_found, "there is no recipe {}", path);
  const bakery::Recipe recipe = bakery::parse_recipe(*text, path);
  base::during(path, [&] { bakery::check_allowances(recipe.allow); });
}

std::vector<Judged> judge_all(const BakeryCall &call)
{
  std::optional<bakery::Contents> system;
  if (!call.options.base.empty())
    system = bakery::read_system(base::Dir::open_root(call.options.base));
  std::vector<Judged> judged;
  std::vector<std::pair<std::string, bakery::OpenedImage>> opened;
  for (const std::string &file : call.options.arguments) {
    const std::string path = path_value("file", file);
    if (is_recipe(path)) {
      check_recipe(path);
      judged.push_back({path, {}});
    } else {
      opened.emplace_back(path, bakery::open_image_contents(call.host, path));
    }
  }
  bakery::Surroundings around{.base = system ? &*system : nullptr};
  for (const auto &[path, image] : opened)
    around.others.push_back(&image.subject);
  for (const auto &[path, image] : opened)
    judged.push_back({path, bakery::lint(image.subject, around, image.allowed)});
  return judged;
}

Value judged_value(const Judged &judged)
{
  return {{"path", judged.path}, {"findings", findings_value(judged.findings)}};
}

std::string gravity_text(const bakery::Finding &finding)
{
  return std::string(finding.allowed.empty() ? bakery::name(finding.gravity) : "allowed");
}

/// Each rule that found something, once, with why it matters and what to do.
void print_rules(const BakeryCall &call, const std::vector<Judged> &all)
{
  std::set<std::string> told;
  for (const Judged &judged : all)
    for (const bakery::Finding &finding : judged.findings) {
      if (!finding.allowed.empty() || !told.insert(finding.rule).second)
        continue;
      const bakery::LintRule *const rule = bakery::find_lint_rule(finding.rule);
      call.print(fmt::format("\n{}: {}.\n  {}.\n", rule->id, rule->reason, rule->fix));
    }
}

void print_judged(const BakeryCall &call, const std::vector<Judged> &all)
{
  Table table({{"FILE"}, {"RULE"}, {"GRAVITY"}, {"PATH"}, {"WHAT"}});
  for (const Judged &judged : all)
    for (const bakery::Finding &finding : judged.findings)
      table.add({base::split_path(judged.path).name,
                 finding.rule,
                 gravity_text(finding),
                 base::printable(finding.path),
                 base::printable(finding.what)});
  if (!table.empty())
    call.print(table.text(call.options.legend ? Table::Header::yes : Table::Header::no));
  if (call.options.legend)
    print_rules(call, all);
}

} // namespace

Value findings_value(const std::vector<bakery::Finding> &findings)
{
  Value list = Value::array();
  for (const bakery::Finding &finding : findings) {
    const bakery::LintRule *const rule = bakery::find_lint_rule(finding.rule);
    Value value{{"rule", finding.rule},
                {"gravity", bakery::name(finding.gravity)},
                {"path", finding.path},
                {"what", finding.what},
                {"reason", rule->reason},
                {"fix", rule->fix}};
    if (!finding.allowed.empty())
      value["allowed"] = finding.allowed;
    list.push_back(std::move(value));
  }
  return list;
}

int lint(const BakeryCall &call)
{
  const std::vector<Judged> all = judge_all(call);
  if (call.wants_json()) {
    Value list = Value::array();
    for (const Judged &judged : all)
      list.push_back(judged_value(judged));
    call.print(json_text({{"files", std::move(list)}}, call.options.json));
  } else {
    print_judged(call, all);
  }
  const bool is_refused = std::any_of(all.begin(), all.end(), [](const Judged &judged) {
    return bakery::has_errors(judged.findings);
  });
  return is_refused ? exit_no : 0;
}

} // namespace cli
