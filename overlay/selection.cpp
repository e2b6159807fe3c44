// SPDX-License-Identifier: Apache-2.0
#include "overlay/selection.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"
#include "verity/pkcs7.hpp"
#include "verity/switches.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace overlay {

namespace {

/// What to tell people about an image that could not be opened.
Verdict broken(const base::Error &error)
{
  const bool is_untrusted = error.kind() == base::Kind::untrusted;
  return {.fits = false,
          .rule = is_untrusted ? "untrusted" : "unreadable",
          .why = base::printable(error.what()),
          .fix = is_untrusted ? "sign it, install the certificate, or change the image policy"
                              : "replace it by an intact one, or remove it"};
}

/// Else it is the machine that failed, and may not fail the next time.
bool is_fault_of_image(const base::Error &error)
{
  return error.kind() == base::Kind::untrusted || error.kind() == base::Kind::config ||
         error.kind() == base::Kind::not_found;
}

Verdict judge(const Layer &layer, const Target &target, Class extension_class)
{
  if (Verdict verdict = judge_content(layer.tree.top(), extension_class, layer.tree.place());
      !verdict.fits)
    return verdict;
  return fits(layer.release, target, extension_class);
}

/// Takes the layers of these names out of `layers`.
std::vector<Layer> take(std::map<std::string, Layer> &layers, const std::vector<std::string> &names)
{
  std::vector<Layer> taken;
  for (const std::string &name : names)
    taken.push_back(std::move(layers.extract(name).mapped()));
  return taken;
}

/// The order of a set, as far as its members are there.
Arrangement arrangement_of(const UsedSet &set, const std::vector<std::string> &names)
{
  const auto those_of = [&](const std::vector<UsedExtension> &part) {
    std::vector<std::string> found;
    for (const UsedExtension &used : part)
      if (std::find(names.begin(), names.end(), used.candidate.image.name) != names.end())
        found.push_back(used.candidate.image.name);
    return found;
  };
  return {.above = those_of(set.above), .below = those_of(set.below), .left_out = {}};
}

class Selecting {
public:
  Selecting(const base::Host &host, Class extension_class, const SelectionRules &rules)
      : host_(host), class_(extension_class), rules_(rules),
        target_(rules.target ? *rules.target : read_target(host)), trust_(trust_text(host))
  {
  }

  void look_at(const Candidate &candidate)
  {
    const std::string &name = candidate.image.name;
    try {
      ExtensionSettings settings = settings_of(name);
      if (settings.enabled)
        open(candidate);
      else
        fitting_.push_back(name); // arrange() says why it is left out
      settings_.emplace(name, std::move(settings));
    } catch (const base::Error &error) {
      if (!is_fault_of_image(error) && rules_.merged.contains(name))
        throw;
      selection_.omitted.push_back({candidate.image, broken(error), true});
    }
  }

  Selection finish(const std::vector<Candidate> &candidates)
  {
    Arrangement arrangement =
        rules_.only ? arrangement_of(*rules_.only, fitting_) : arrange(fitting_, settings_);
    selection_.above = take(layers_, arrangement.above);
    selection_.below = take(layers_, arrangement.below);
    for (LeftOut &each : arrangement.left_out)
      for (const Candidate &candidate : candidates)
        if (candidate.image.name == each.name)
          selection_.omitted.push_back({candidate.image, std::move(each.verdict)});
    selection_.settings = std::move(settings_);
    return std::move(selection_);
  }

private:
  [[nodiscard]] ExtensionSettings settings_of(const std::string &name) const
  {
    ExtensionSettings settings = read_extension_settings(host_, name);
    settings.enabled = settings.enabled || rules_.only || name == rules_.tried;
    return settings;
  }

  void open(const Candidate &candidate)
  {
    const verity::ImagePolicy policy =
        policy_of(rules_.configuration, candidate.image, target_, class_);
    const Judgement judgement{.policy = policy,
                              .trusted_by = stamp_of({}, policy.text() + trust_),
                              .present = rules_.present.find(candidate.image.name)};
    Layer layer = open_layer(host_, class_, candidate, judgement);
    Verdict verdict = rules_.fit == Fit::forced ? Verdict{} : judge(layer, target_, class_);
    if (!verdict.fits) {
      selection_.omitted.push_back({candidate.image, std::move(verdict)});
      return;
    }
    fitting_.push_back(candidate.image.name);
    layers_.emplace(candidate.image.name, std::move(layer));
  }

  const base::Host &host_;
  Class class_;
  const SelectionRules &rules_;
  Target target_;
  std::string trust_;
  Selection selection_;
  std::vector<std::string> fitting_;
  std::map<std::string, ExtensionSettings> settings_;
  std::map<std::string, Layer> layers_;
};

} // namespace

std::vector<const Layer *> Selection::used() const
{
  std::vector<const Layer *> all;
  for (const std::vector<Layer> *part : {&below, &above})
    for (const Layer &layer : *part)
      all.push_back(&layer);
  return all;
}

UsedSet Selection::used_set() const
{
  UsedSet set;
  for (const Layer &layer : above)
    set.above.push_back(layer.used());
  for (const Layer &layer : below)
    set.below.push_back(layer.used());
  return set;
}

bool Selection::has_broken() const
{
  return std::any_of(
      omitted.begin(), omitted.end(), [](const Omission &each) { return each.is_broken; });
}

void leave_out(Selection &selection, const std::vector<LeftOut> &those)
{
  std::vector<std::string> names;
  for (const Layer *layer : selection.used())
    names.push_back(layer->candidate.image.name);
  for (const LeftOut &each : dragged_along(names, selection.settings, those)) {
    const auto is_it = [&](const auto &thing) { return thing.name == each.name; };
    for (std::vector<Layer> *part : {&selection.below, &selection.above}) {
      const auto layer = std::find_if(part->begin(), part->end(), [&](const Layer &candidate) {
        return is_it(candidate.candidate.image);
      });
      if (layer == part->end())
        continue;
      selection.omitted.push_back(
          {layer->candidate.image, each.verdict, std::any_of(those.begin(), those.end(), is_it)});
      part->erase(layer);
    }
  }
}

Selection select(const base::Host &host,
                 Class extension_class,
                 const std::vector<Candidate> &candidates,
                 const SelectionRules &rules)
{
  if (candidates.empty())
    return {};
  Selecting selecting(host, extension_class, rules);
  for (const Candidate &candidate : candidates)
    selecting.look_at(candidate);
  return selecting.finish(candidates);
}

std::string trust_text(const base::Host &host)
{
  std::string text;
  for (const verity::PinnedCertificate &each : verity::read_pinned_certificates(host.root))
    text += fmt::format("\n{}\n{}", each.path, each.pem);
  const verity::VeritySwitches switches = verity::read_verity_switches(host);
  text += fmt::format("\n{} {} {} {} {}",
                      switches.sidecar,
                      switches.embedded,
                      switches.signature,
                      switches.guess,
                      switches.userspace_forbidden_by);
  for (const std::string_view name : {"SYSTEMD_DISSECT_FILE_SYSTEMS",
                                      "SYSTEMD_DISSECT_FSTYPE_ROOT",
                                      "SYSTEMD_DISSECT_FSTYPE_USR"})
    text += "\n" + host.variable(name).value_or("");
  return text;
}

} // namespace overlay
