// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/configuration.hpp"
#include "overlay/find.hpp"
#include "overlay/fit.hpp"
#include "overlay/generation.hpp"
#include "overlay/layer.hpp"
#include "overlay/order.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace overlay {

/// An extension that is not merged, and why.
struct Omission {
  Image image;
  Verdict verdict;
  /// Somebody has to look after it: it is damaged, untrusted, could not be read, or is refused as
  /// a danger to others.
  bool is_broken = false;
};

/// What is to be merged, and what is not.
struct Selection {
  std::vector<Layer> above; ///< over the system, the lowest first
  std::vector<Layer> below; ///< under it, the lowest first
  std::vector<Omission> omitted;
  std::map<std::string, ExtensionSettings> settings; ///< of all that could be read

  /// All in use, the lowest first.
  [[nodiscard]] std::vector<const Layer *> used() const;

  /// What is to be remembered of them.
  [[nodiscard]] UsedSet used_set() const;

  [[nodiscard]] bool has_broken() const;
};

/// Takes these, as broken ones, and all that require one of them out of what is to be merged.
void leave_out(Selection &selection, const std::vector<LeftOut> &those);

enum class Fit { checked, forced };

/// By what the extensions are judged and put in order.
struct SelectionRules {
  const Configuration &configuration;
  Fit fit = Fit::checked;
  /// The names of those that are merged now, and what is known of them if it was strake that did.
  std::set<std::string> merged{};
  UsedSet present{};
  /// A set whose choice and order count instead of the settings.
  std::optional<UsedSet> only{};
  std::optional<Target> target{}; ///< instead of the system itself
  std::string tried{}; ///< the name of one that is enabled for now, whatever its settings say
};

/// Opens the candidates, judges them, and puts in order those that are used. One that is broken
/// never keeps the others from being used; one that is disabled is not even opened. But if it is
/// the machine that fails and not the image, and the extension is one of those that are `merged`
/// now, then that is thrown: what runs is not taken away for a lack of memory. Throws as arrange()
/// does too.
Selection select(const base::Host &host,
                 Class extension_class,
                 const std::vector<Candidate> &candidates,
                 const SelectionRules &rules);

/// All by which images are trusted, besides the image policy, as text: certificates and switches.
std::string trust_text(const base::Host &host);

} // namespace overlay
