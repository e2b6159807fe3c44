// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/difference.hpp"
#include "overlay/generation.hpp"
#include "overlay/history.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/generation");

namespace {

using overlay::Class;
using overlay::Difference;
using overlay::Generation;
using overlay::UsedExtension;

UsedExtension extension(const std::string &name, const std::string &content = "a")
{
  UsedExtension used;
  used.candidate.image = {
      .name = name, .kind = overlay::ImageKind::directory, .path = "/var/lib/extensions/" + name};
  used.candidate.identity.inode = 7;
  used.candidate.identity.content = content;
  used.trusted_by = "trust";
  return used;
}

UsedExtension image(const std::string &name, std::byte hash)
{
  UsedExtension used = extension(name, "");
  used.candidate.image.kind = overlay::ImageKind::raw;
  used.candidate.image.version = "1.2";
  used.candidate.identity.root_hash = verity::Sha256{hash};
  used.protection = verity::Protection::signed_verity;
  used.signer = "/etc/verity.d/a.crt";
  used.loop = {{.number = 3, .sequence = 99}, "erofs", "/usr"};
  return used;
}

Generation of(std::uint64_t number, std::vector<UsedExtension> above)
{
  Generation generation{.number = number, .time = 1234, .verb = "refresh", .sets = {}};
  generation.sets[Class::sysext].above = std::move(above);
  return generation;
}

std::string with(std::string text, const std::string &from, const std::string &to)
{
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("a generation is read back as it was written")
{
  Generation written = of(5, {extension("one"), image("two", std::byte{2})});
  written.sets[Class::confext].below = {extension("three")};
  const auto read = overlay::parse_generation(text_of(written));
  REQUIRE(read);
  CHECK(text_of(*read) == text_of(written));
  CHECK(read->number == 5);
  CHECK(read->time == 1234);
  CHECK(read->verb == "refresh");
  const UsedExtension *two = read->sets.at(Class::sysext).find("two");
  REQUIRE(two != nullptr);
  CHECK(two->candidate.identity == image("two", std::byte{2}).candidate.identity);
  CHECK(two->candidate.image == image("two", std::byte{2}).candidate.image);
  CHECK(two->protection == verity::Protection::signed_verity);
  CHECK(two->loop == image("two", std::byte{2}).loop);
  CHECK(read->sets.at(Class::confext).below.size() == 1);
}

TEST_CASE("a generation that is not understood in part is none")
{
  const std::string good = text_of(of(5, {image("two", std::byte{2})}));
  REQUIRE(overlay::parse_generation(good));
  CHECK_FALSE(overlay::parse_generation(""));
  CHECK_FALSE(overlay::parse_generation("[]"));
  CHECK_FALSE(overlay::parse_generation(text_of(of(5, {extension("one"), extension("one")}))));
  CHECK_FALSE(overlay::parse_generation(good.substr(0, good.size() / 2)));
  for (const auto &[from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"generation\":5", "\"generation\":0"},
           {"\"generation\":5", "\"generation\":\"5\""},
           {"\"sets\":{", "\"set\":{"},
           {"\"above\":[", "\"over\":["},
           {"\"name\":\"two\"", "\"name\":\"a/b\""},
           {"\"name\":\"two\"", "\"name\":3"},
           {"\"type\":\"raw\"", "\"type\":\"cooked\""},
           {"\"protection\":\"signed\"", "\"protection\":\"none\""},
           {"\"rootHash\":\"02", "\"rootHash\":\"0x"},
           {"\"sequence\":99", "\"sequence\":\"99\""},
           {"\"place\":", "\"places\":"}}) {
    CAPTURE(from);
    CAPTURE(to);
    CHECK_FALSE(overlay::parse_generation(with(good, from, to)));
  }
}

TEST_CASE(
    "two sets are the same if their images are, in their order, over a boot and a renumbering")
{
  const Generation one = of(1, {extension("one"), image("two", std::byte{2})});
  Generation other = of(2, {extension("one"), image("two", std::byte{2})});
  other.verb = "rollback";
  other.sets[Class::sysext].above[0].candidate.identity.mount = 77;
  other.sets[Class::sysext].above[1].candidate.identity.inode = 8;
  other.sets[Class::sysext].above[1].loop.reset();
  CHECK(is_same_set(one, other));
  other.sets[Class::confext];
  CHECK(is_same_set(one, other));
  CHECK_FALSE(is_same_set(one, of(2, {image("two", std::byte{2}), extension("one")})));
  CHECK_FALSE(is_same_set(one, of(2, {extension("one"), image("two", std::byte{3})})));
  CHECK_FALSE(is_same_set(one, of(2, {extension("one", "b"), image("two", std::byte{2})})));
  CHECK_FALSE(is_same_set(one, of(2, {extension("one")})));
  Generation moved = one;
  moved.sets[Class::sysext].above[0].candidate.image.path = "/run/extensions/one";
  CHECK_FALSE(is_same_set(one, moved));
}

TEST_CASE("the difference of two generations says what came, went, changed and moved")
{
  const Generation one = of(1, {extension("a"), extension("b"), extension("c"), extension("d")});
  const Generation other =
      of(2, {extension("b"), extension("a"), extension("d", "new"), image("e", std::byte{5})});
  const std::string place = "/var/lib/extensions/";
  const std::vector<Difference> expected = {
      {"removed", Class::sysext, "c", place + "c", ""},
      {"moved", Class::sysext, "b", "on a", "on (system)"},
      {"moved", Class::sysext, "a", "on (system)", "on b"},
      {"changed", Class::sysext, "d", place + "d", place + "d"},
      {"added", Class::sysext, "e", "", "1.2 050000000000"}};
  CHECK(differences(one, other) == expected);
  CHECK(differences(one, one).empty());
}

TEST_CASE("what has neither changed nor moved is known, unless it only claims a root hash")
{
  using Names = std::set<std::string>;
  const auto set = [](std::vector<UsedExtension> above) {
    return overlay::UsedSet{.above = std::move(above), .below = {}};
  };
  UsedExtension claim = image("claim", std::byte{1});
  claim.protection = verity::Protection::unprotected;
  const auto before =
      set({extension("a"), extension("b"), image("c", std::byte{1}), claim, extension("gone")});
  const auto after = set(
      {extension("new"), extension("a"), extension("b", "new"), image("c", std::byte{1}), claim});
  CHECK(unmoved(before, after) == Names{"a", "c"});
  CHECK(unmoved(before, set({extension("b"), extension("a")})).empty());
  overlay::UsedSet below;
  below.below = {extension("a")};
  CHECK(unmoved(before, below).empty());
}

TEST_CASE("the newest generations are remembered, and the one that is held")
{
  support::TestHost machine;
  CHECK(overlay::read_generations(machine.host).empty());
  CHECK_FALSE(overlay::latest_generation(machine.host));
  CHECK(overlay::last_number(machine.host) == 0);
  for (std::uint64_t number = 1; number <= 3; ++number)
    overlay::remember(machine.host, of(number, {extension("one", std::to_string(number))}), 10);
  overlay::hold(machine.host, 1);
  overlay::remember(machine.host, of(4, {extension("one", "4")}), 2);
  std::vector<std::uint64_t> numbers;
  for (const Generation &each : overlay::read_generations(machine.host))
    numbers.push_back(each.number);
  CHECK(numbers == std::vector<std::uint64_t>{1, 3, 4});
  CHECK(overlay::latest_generation(machine.host)->number == 4);
  CHECK(overlay::find_generation(machine.host, 3).number == 3);
  CHECK_THROWS_WITH_AS(overlay::find_generation(machine.host, 2),
                       doctest::Contains("nothing is remembered of generation 2"),
                       base::Error);
}

TEST_CASE("a damaged generation is passed over, and its number is not given again")
{
  support::TestHost machine;
  overlay::remember(machine.host, of(1, {extension("one")}), 10);
  machine.root.write("var/lib/strake/extensions/generations/2.json", "{\"generation\":");
  // One that says it is another is no better.
  machine.root.write("var/lib/strake/extensions/generations/3.json", text_of(of(4, {})));
  machine.root.write("var/lib/strake/extensions/generations/notes.txt", "");
  CHECK(overlay::read_generations(machine.host).size() == 1);
  CHECK(overlay::latest_generation(machine.host)->number == 1);
  CHECK(overlay::last_number(machine.host) == 3);
}

TEST_CASE("a hold lasts until it is lifted, and is not forgotten because its record is damaged")
{
  support::TestHost machine;
  CHECK_FALSE(overlay::held_generation(machine.host));
  overlay::hold(machine.host, std::nullopt);
  overlay::hold(machine.host, 12);
  CHECK(overlay::held_generation(machine.host) == 12);
  machine.root.write("var/lib/strake/extensions/held", "twelve\n");
  CHECK_THROWS_WITH_AS((void)overlay::held_generation(machine.host),
                       doctest::Contains("strake ext release"),
                       base::Error);
  overlay::hold(machine.host, std::nullopt);
  CHECK_FALSE(overlay::held_generation(machine.host));
}
