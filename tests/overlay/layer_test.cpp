// SPDX-License-Identifier: Apache-2.0
#include "overlay/layer.hpp"
#include "overlay/merged_layers.hpp"
#include "overlay/merged_system.hpp"
#include "support/extension_image.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/layer");

namespace {

using overlay::Request;
using overlay_test::System;

/// Counts what is read anew from an image.
class CountingSys final : public base::LinuxSys {
public:
  unsigned loops = 0;

  base::Fd
  attach_loop(const base::Fd &file, const base::ByteRange &range, base::Access access) override
  {
    ++loops;
    return LinuxSys::attach_loop(file, range, access);
  }
};

class ImageSystem : public System {
public:
  CountingSys counting;
  base::Host counted = host_with(counting);

  void image(const std::string &name, const std::string &text)
  {
    const std::string file = "var/lib/extensions/" + name + ".raw";
    remove(file); // a new file, since the old one may be mounted
    root.write(file,
               support::squashfs_of(
                   {{"usr/lib/extension-release.d/extension-release." + name, "ID=_any\n"},
                    {"usr/" + name, text}}));
  }

  /// How many images are opened by a refresh.
  unsigned opened(const Request &request)
  {
    const unsigned before = counting.loops;
    overlay::refresh(counted, {request});
    return counting.loops - before;
  }
};

} // namespace

TEST_CASE("an image that is merged and has not changed is not opened again")
{
  ImageSystem system;
  system.image("one", "1");
  system.image("two", "1");
  CHECK(system.opened(system.request()) == 2);
  Request again = system.request();
  again.unchanged = Request::Unchanged::merge_again;
  SUBCASE("if another one has changed")
  {
    system.image("two", "2");
    CHECK(system.opened(system.request()) == 1);
    CHECK(system.text("usr/one") == "1");
    CHECK(system.text("usr/two") == "2");
    CHECK(system.opened(again) == 0);
    CHECK(system.text("usr/two") == "2");
  }
  SUBCASE("but if other certificates are trusted")
  {
    system.root.write("etc/verity.d/new.crt", "no certificate");
    CHECK(system.opened(again) == 2);
    CHECK(system.opened(again) == 0);
  }
  SUBCASE("but by another policy")
  {
    again.configuration.policy = verity::ImagePolicy::parse("root=unprotected+absent:usr=absent");
    CHECK(system.opened(again) == 2);
  }
  SUBCASE("but if it was unmerged in between")
  {
    overlay::unmerge(system.counted, {system.request()});
    CHECK(system.opened(system.request()) == 2);
  }
  SUBCASE("but if the record names a loop device of another use")
  {
    // As after a boot, if it were read from the history.
    auto record = overlay::present_generation(system.counted);
    auto used = *set_of(record, overlay::Class::sysext).find("one");
    REQUIRE(used.loop);
    const auto policy = verity::ImagePolicy::parse("*");
    const auto open = [&] {
      overlay::open_layer(system.counted,
                          overlay::Class::sysext,
                          used.candidate,
                          {.policy = policy, .trusted_by = used.trusted_by, .present = &used});
      return system.counting.loops;
    };
    const unsigned before = system.counting.loops;
    CHECK(open() == before);
    ++used.loop->device.sequence;
    CHECK(open() == before + 1);
  }
}

TEST_CASE("what is merged is found by its loop device, else only by a file that has not changed")
{
  ImageSystem system;
  system.image("one", "1");
  CHECK(system.opened(system.request()) == 1);
  auto record = overlay::present_generation(system.counted);
  auto used = *set_of(record, overlay::Class::sysext).find("one");
  REQUIRE(used.loop);
  const auto text = [&] {
    return overlay::open_merged(system.counted, system.request(), used)
        .tree.top()
        .text("usr/one")
        .value_or("(none)");
  };
  auto other_use = used.loop;
  ++other_use->device.sequence;
  SUBCASE("unchanged")
  {
    CHECK(text() == "1");
    used.loop = other_use;
    CHECK(text() == "1");
  }
  SUBCASE("replaced")
  {
    system.image("one", "2");
    CHECK(text() == "1");
    used.loop = other_use;
    CHECK_THROWS_WITH_AS(text(), doctest::Contains("extension 'one' ("), base::Error);
  }
  SUBCASE("replaced, and with a root hash by which it was not checked")
  {
    used.candidate.identity.root_hash = verity::Sha256{};
    system.image("one", "2");
    CHECK(text() == "1");
  }
}
