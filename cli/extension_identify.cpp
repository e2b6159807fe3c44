// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/extension_verbs.hpp"
#include "overlay/fit.hpp"
#include "overlay/identify.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace cli {

namespace {

using base::Kind;
using overlay::Plan;
using overlay::Provenance;
using overlay::Request;
using From = Provenance::From;

std::string_view word(From from)
{
  switch (from) {
  case From::extension:
    return "extension";
  case From::system:
    return "system";
  case From::written:
    return "written";
  case From::metadata:
    return "metadata";
  }
  return "";
}

std::string from_text(const Provenance &found)
{
  switch (found.from) {
  case From::extension: {
    const overlay::Image &image = found.extension->candidate.image;
    return fmt::format("the extension {} ({}){}",
                       image.name,
                       overlay::name(found.extension_class),
                       image.version.empty() ? "" : ", version " + image.version);
  }
  case From::system:
    return "the system itself";
  case From::written:
    return "it was written here after the merge";
  case From::metadata:
    return "it belongs to the merge itself";
  }
  return "";
}

Value json_of(const Provenance &found)
{
  Value json = {{"path", found.path},
                {"hierarchy", found.hierarchy},
                {"class", overlay::name(found.extension_class)},
                {"from", word(found.from)},
                {"hides", found.hides}};
  if (found.extension)
    json["extension"] = used_json(*found.extension, found.extension_class);
  return json;
}

std::string text_of(const Provenance &found)
{
  std::string text = base::printable(found.path) + "\n";
  const auto line = [&](std::string_view head, const std::string &what) {
    text += fmt::format("  {:<10} {}\n", fmt::format("{}:", head), what);
  };
  line("from", from_text(found));
  if (found.extension) {
    const overlay::UsedExtension &used = *found.extension;
    line("image", used.candidate.image.path);
    if (used.candidate.identity.root_hash)
      line("root hash", verity::hex(*used.candidate.identity.root_hash));
    line("trust", protection_text(used.protection, used.signer));
  }
  if (!found.hides.empty())
    line("hides", fmt::format("{}", fmt::join(found.hides, " ")));
  return text;
}

/// One enabled extension under another os-release.
struct Judged {
  overlay::Class extension_class;
  overlay::Image image;
  overlay::Verdict verdict;
};

std::vector<Judged> judge_for(const ExtensionCall &call, const overlay::Target &target)
{
  std::vector<Judged> judged;
  for (Request request : call.requests()) {
    request.target = target;
    request.unchanged = Request::Unchanged::merge_again;
    const Plan plan = overlay::make_plan(call.host, request);
    for (const overlay::Layer *layer : plan.selection.used())
      judged.push_back({request.extension_class, layer->candidate.image, {}});
    for (const overlay::Omission &each : plan.selection.omitted)
      if (each.verdict.rule != "disabled")
        judged.push_back({request.extension_class, each.image, each.verdict});
  }
  std::sort(judged.begin(), judged.end(), [](const Judged &one, const Judged &other) {
    return one.image.name < other.image.name;
  });
  return judged;
}

} // namespace

int extension_identify(const ExtensionCall &call)
{
  Value json = Value::array();
  std::string text;
  for (const std::string &path : call.options.arguments) {
    const Provenance found = overlay::identify_path(call.host, call.requests(), path);
    json.push_back(json_of(found));
    text += text_of(found);
  }
  if (call.wants_json())
    call.print_json(json);
  else
    call.print(text);
  return 0;
}

int extension_check(const ExtensionCall &call)
{
  if (call.options.os_release.empty())
    base::fail(Kind::usage,
               "check needs --for-os-release=FILE, the os-release of the other system");
  const overlay::Target target = overlay::read_target(call.host, call.options.os_release);
  const auto judged = judge_for(call, target);
  Value json = Value::array();
  Table table({{"EXTENSION"}, {"CLASS"}, {"FITS"}, {"RULE"}, {"WHY"}});
  for (const Judged &each : judged) {
    const bool fits = each.verdict.fits;
    const std::string extension_class(overlay::name(each.extension_class));
    json.push_back({{"name", each.image.name},
                    {"class", extension_class},
                    {"path", each.image.path},
                    {"fits", fits},
                    {"rule", fits ? Value() : Value(each.verdict.rule)},
                    {"why", fits ? Value() : Value(each.verdict.why)},
                    {"fix", fits ? Value() : Value(each.verdict.fix)}});
    table.add({each.image.name,
               extension_class,
               fits ? "yes" : "no",
               fits ? "-" : each.verdict.rule,
               fits ? "-" : each.verdict.why});
  }
  if (call.wants_json())
    call.print_json(json);
  else
    call.print(table.text(call.header()));
  const bool all_fit = std::all_of(
      judged.begin(), judged.end(), [](const Judged &each) { return each.verdict.fits; });
  return all_fit ? 0 : 1;
}

} // namespace cli
