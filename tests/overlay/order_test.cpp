// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/order.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

TEST_SUITE_BEGIN("overlay/order");

using overlay::Arrangement;
using overlay::ExtensionSettings;

namespace {

using Names = std::vector<std::string>;
using Settings = std::map<std::string, ExtensionSettings>;

/// Arranges in both orders of naming, which must be the same.
Arrangement arranged(Names names, const Settings &settings = {})
{
  Arrangement one = overlay::arrange(names, settings);
  std::reverse(names.begin(), names.end());
  CHECK(overlay::arrange(names, settings) == one);
  return one;
}

/// "name rule" for each that was left out.
Names left_out(const Arrangement &arrangement)
{
  Names result;
  for (const overlay::LeftOut &each : arrangement.left_out) {
    CHECK_FALSE(each.verdict.fits);
    CHECK_FALSE(each.verdict.why.empty());
    CHECK_FALSE(each.verdict.fix.empty());
    result.push_back(each.name + " " + each.verdict.rule);
  }
  return result;
}

ExtensionSettings after(Names names)
{
  return {.after = std::move(names)};
}

ExtensionSettings required(Names names)
{
  return {.required = std::move(names)};
}

ExtensionSettings conflicts(Names names)
{
  return {.conflicts = std::move(names)};
}

std::string refusal(const Names &names, const Settings &settings)
{
  try {
    (void)overlay::arrange(names, settings);
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    return error.what();
  }
  FAIL("nothing was refused");
  return {};
}

} // namespace

TEST_CASE("without settings the names order the layers as versions do, the largest on top")
{
  CHECK(arranged({"B", "a_9", "a_10", "c1", "c9", "c10"}).above ==
        Names{"B", "a_9", "a_10", "c1", "c9", "c10"});
  CHECK(arranged({"x~rc", "x", "x^1"}).above == Names{"x~rc", "x", "x^1"});
  CHECK(arranged({}) == Arrangement{});
}

TEST_CASE("names that are equal as versions have an order all the same")
{
  CHECK(arranged({"a_1", "a+1", "a_01"}).above == Names{"a+1", "a_01", "a_1"});
}

TEST_CASE("a larger priority goes on top whatever the name")
{
  CHECK(arranged({"a", "b", "c", "d"}, {{"a", {.priority = 5}}, {"d", {.priority = -1}}}).above ==
        Names{"d", "b", "c", "a"});
}

TEST_CASE("after moves an extension up no further than it has to, past priorities too")
{
  CHECK(arranged({"a", "b", "c", "d"}, {{"a", after({"c"})}}).above == Names{"b", "c", "a", "d"});
  CHECK(arranged({"a", "b", "c"}, {{"a", after({"b"})}, {"b", after({"c"})}}).above ==
        Names{"c", "b", "a"});
  CHECK(arranged({"a", "z"}, {{"a", after({"z"})}, {"z", {.priority = 9}}}).above ==
        Names{"z", "a"});
  CHECK(arranged({"a", "b"}, {{"b", after({"a"})}}).above == Names{"a", "b"});
}

TEST_CASE("after something that is not there asks for nothing")
{
  CHECK(arranged({"a", "b"}, {{"a", after({"gone", "b"})}}).above == Names{"b", "a"});
  const auto disabled = arranged({"a", "b"}, {{"a", after({"b"})}, {"b", {.enabled = false}}});
  CHECK(disabled.above == Names{"a"});
}

TEST_CASE("extensions that are after each other in a circle are refused by name")
{
  CHECK(refusal({"a", "b"}, {{"a", after({"b"})}, {"b", after({"a"})}}) ==
        "the After= of these extensions goes round in a circle: a after b after a; take one of "
        "them out");
  const std::string longer =
      refusal({"a", "b", "c", "d", "e"},
              {{"a", after({"b"})}, {"b", after({"c"})}, {"c", after({"d"})}, {"d", after({"b"})}});
  CHECK(longer.find(": b after c after d after b;") != std::string::npos);
}

TEST_CASE("those below the system are layers of their own, in the same order")
{
  const Settings settings = {
      {"a", {.after = {"b"}, .below = true}}, {"b", {.below = true}}, {"d", after({"a"})}};
  const Arrangement arrangement = arranged({"a", "b", "c", "d"}, settings);
  CHECK(arrangement.below == Names{"b", "a"});
  CHECK(arrangement.above == Names{"c", "d"});
  CHECK(refusal({"a", "b"}, {{"a", {.after = {"b"}, .below = true}}})
            .starts_with("the extension a is to be below the system (Below=yes) and above b"));
}

TEST_CASE("what is disabled is left out, with the command that brings it back")
{
  const auto arrangement = arranged({"a", "b"}, {{"a", {.enabled = false}}});
  CHECK(arrangement.above == Names{"b"});
  CHECK(left_out(arrangement) == Names{"a disabled"});
  CHECK(arrangement.left_out.at(0).verdict.fix == "strake ext enable a");
}

TEST_CASE("an extension is left out if what it requires is not there, and so is who requires it")
{
  const Settings chain = {
      {"a", required({"b"})}, {"b", required({"c"})}, {"c", required({"d", "gone"})}};
  const auto arrangement = arranged({"a", "b", "c", "d"}, chain);
  CHECK(arrangement.above == Names{"d"});
  CHECK(left_out(arrangement) == Names{"a requires", "b requires", "c requires"});
  CHECK(arrangement.left_out.at(0).verdict.why ==
        "a requires b, which is left out itself: b requires c, which is left out itself: c "
        "requires gone, of which no image that fits was found");
  CHECK(arranged({"a", "b", "c", "d", "gone"}, chain).left_out.empty());
}

TEST_CASE("to require what is disabled or conflicts is to be left out, and a circle is fine")
{
  CHECK(left_out(arranged({"a", "b"}, {{"a", required({"b"})}, {"b", {.enabled = false}}})) ==
        Names{"a requires", "b disabled"});
  CHECK(left_out(arranged({"a", "b", "c"}, {{"a", required({"b"})}, {"b", conflicts({"c"})}})) ==
        Names{"a requires", "b conflicts"});
  CHECK(arranged({"a", "b"}, {{"a", required({"b"})}, {"b", required({"a"})}}).above ==
        Names{"a", "b"});
}

TEST_CASE("an extension that conflicts with one that is there is left out")
{
  const auto arrangement = arranged({"a", "b"}, {{"b", conflicts({"a", "gone"})}});
  CHECK(arrangement.above == Names{"a"});
  CHECK(left_out(arrangement) == Names{"b conflicts"});
  CHECK(arrangement.left_out.at(0).verdict.why == "b conflicts with a, which is there");
  CHECK(arrangement.left_out.at(0).verdict.fix == "strake ext disable a");
  CHECK(arranged({"a", "b"}, {{"a", {.enabled = false}}, {"b", conflicts({"a"})}}).above ==
        Names{"b"});
}

TEST_CASE("of two that conflict with each other the more important one stays")
{
  Settings settings = {{"a", conflicts({"b"})}, {"b", conflicts({"a"})}};
  CHECK(arranged({"a", "b"}, settings).above == Names{"b"});
  settings["a"].priority = 1;
  CHECK(arranged({"a", "b"}, settings).above == Names{"a"});
}

TEST_CASE("a conflict with what is itself left out later still counts")
{
  // So that the answer does not depend on which of them is looked at first.
  const Settings settings = {{"a", conflicts({"b"})}, {"b", required({"gone"})}};
  CHECK(left_out(arranged({"a", "b"}, settings)) == Names{"a conflicts", "b requires"});
}

TEST_CASE("who is taken out afterwards drags along all that require it, and nobody else")
{
  const Settings settings = {{"b", required({"a"})}, {"c", required({"b"})}, {"d", after({"a"})}};
  const auto gone = overlay::dragged_along(
      {"a", "b", "c", "d"},
      settings,
      {{"a", {.fits = false, .rule = "masks-system", .why = "it hides", .fix = "allow it"}}});
  Arrangement arrangement;
  arrangement.left_out = gone;
  CHECK(left_out(arrangement) == Names{"a masks-system", "b requires", "c requires"});
  CHECK(gone[1].verdict.why == "b requires a, which is left out itself: it hides");
  CHECK(gone[2].verdict.fix == "allow it");
}

TEST_CASE("five hundred extensions that are all after the one before are ordered in no time")
{
  Names names;
  Settings settings;
  for (int index = 500; index > 0; --index) {
    names.push_back("x" + std::to_string(index));
    settings[names.back()] = after({"x" + std::to_string(index + 1)});
  }
  CHECK(overlay::arrange(names, settings).above == names);
}
