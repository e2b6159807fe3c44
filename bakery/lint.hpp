// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/contents.hpp"
#include "bakery/recipe.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bakery {

/// An image, and what it is to be compared with.
struct Subject {
  std::string name; ///< of the extension: "hello"
  ImageClass image_class = ImageClass::sysext;
  std::string architecture{any_architecture}; ///< that the image's name has
  Contents contents{};
  std::optional<std::uint64_t> size{};       ///< of the image, in bytes
  std::optional<std::uint64_t> size_limit{}; ///< that the recipe has
};

/// What is there besides the image. What it points to must outlive it.
struct Surroundings {
  const Contents *base = nullptr;        ///< of the system that it is for; null if it is not known
  std::vector<const Subject *> others{}; ///< extensions that it is to be merged with
};

enum class Gravity {
  error,   ///< the image will not work, or not everywhere
  warning, ///< it may be meant so
};

std::string_view name(Gravity gravity);

/// What a rule says of one thing in an image.
struct Finding {
  std::string rule;
  Gravity gravity = Gravity::error;
  std::string path; ///< with a leading "/"; "" for the whole image
  std::string what;
  std::string allowed{}; ///< why the recipe allows it; "" if it does not

  bool operator==(const Finding &) const = default;
};

/// One rule.
struct LintRule {
  std::string_view id;
  std::string_view reason; ///< why it matters
  std::string_view fix;    ///< what to do
  /// Which findings there are; `rule` and `allowed` are filled in by lint().
  std::vector<Finding> (*find)(const Subject &subject, const Surroundings &surroundings);
};

/// All rules, in the order in which they are applied.
const std::vector<LintRule> &lint_rules();
const LintRule *find_lint_rule(std::string_view id);

/// What all rules find; those that are allowed are marked.
std::vector<Finding> lint(const Subject &subject,
                          const Surroundings &surroundings,
                          const std::vector<Allowance> &allowed);

/// "RULE: PATH: WHAT; FIX", for people.
std::string described(const Finding &finding);

/// True if an error is among them that is not allowed.
bool has_errors(const std::vector<Finding> &findings);

/// Throws Kind::config for an allowance of a rule that there is not.
void check_allowances(const std::vector<Allowance> &allowed);

} // namespace bakery
