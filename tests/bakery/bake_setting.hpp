// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/bake.hpp"
#include "base/error.hpp"
#include "support/temp_root.hpp"
#include "support/test_host.hpp"

#include <string>
#include <utility>
#include <vector>

namespace bakery_tests {

/// A recipe with what lies beside it, a network that is a table, and the real programs.
class Kitchen {
public:
  explicit Kitchen(const std::string &recipe = "") { write("recipe.yaml", recipe); }

  void write(const std::string &path, const std::string &text) const
  {
    host.root.write("recipes/" + path, text);
  }

  [[nodiscard]] bakery::BakeRequest request(bakery::Work work = bakery::Work::bake) const
  {
    return {.recipe = host.root.path() + "/recipes/recipe.yaml",
            .output = host.root.path() + "/out",
            .store = host.root.path() + "/store",
            .work = work};
  }

  /// The only image of the recipe.
  bakery::Product bake(bakery::Work work = bakery::Work::bake)
  {
    return bakery::bake(host.host, request(work)).at(0);
  }

  /// The refusal, with the kind of failure in front.
  std::string refusal(bakery::Work work = bakery::Work::bake)
  {
    try {
      (void)bakery::bake(host.host, request(work));
    } catch (const base::Error &error) {
      return std::string(base::name(error.kind())) + ": " + error.what();
    }
    return "accepted";
  }

  [[nodiscard]] std::string output(const std::string &name) const
  {
    return host.root.read("out/" + name);
  }

  support::TestHost host;
};

inline bool contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

} // namespace bakery_tests
