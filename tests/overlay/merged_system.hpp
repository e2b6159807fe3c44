// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "overlay/merge.hpp"
#include "support/private_mounts.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace overlay_test {

/// Comes before the root is opened: what is open leads to mounts of the namespace it was opened in.
struct PrivateMounts {
  PrivateMounts() { support::enter_private_mounts(); }
};

/// A system with directories as extensions, in a namespace of mounts of its own.
class System : private PrivateMounts, public support::TestHost {
public:
  System()
  {
    host.machine = base::Dir::open_root("/");
    root.write("usr/lib/os-release", "ID=test\nVERSION_ID=1\n");
    root.write("usr/base", "base");
    root.write("opt/base", "base");
  }

  System(const System &) = delete;
  System &operator=(const System &) = delete;

  ~System()
  {
    // What a failed test leaves mounted would keep its directory from being removed.
    try {
      overlay::unmerge(host, {request()});
    } catch (const base::Error &error) {
      MESSAGE(error.what());
    }
  }

  /// The same machine with another seam.
  base::Host host_with(base::Sys &other)
  {
    return {.sys = other,
            .programs = programs,
            .fetcher = fetcher,
            .clock = clock,
            .log = host.log,
            .environment = {},
            .root = host.root.again(),
            .machine = host.machine.again(),
            .is_running_system = false};
  }

  /// Installed by a symlink, so that the set that is merged stays what it is when another one is
  /// installed.
  void extension(const std::string &name, const std::string &text) const
  {
    const std::string version = name + "-" + text;
    const std::string tree = "var/lib/versions/" + version;
    root.write(tree + "/usr/lib/extension-release.d/extension-release." + name, "ID=_any\n");
    root.write(tree + "/usr/" + name, text);
    root.write(tree + "/opt/" + name, text);
    remove_extension(name);
    root.write("var/lib/extensions/" + name, "-> ../versions/" + version);
  }

  void remove(const std::string &path) const
  {
    std::filesystem::remove_all(root.path() + "/" + path);
  }

  void remove_extension(const std::string &name) const { remove("var/lib/extensions/" + name); }

  overlay::Request request(overlay::Mutability mutability = overlay::Mutability::no) const
  {
    overlay::Request request;
    request.configuration.mutability = mutability;
    request.configuration.hierarchies = {"/usr", "/opt"};
    return request;
  }

  std::string text(const std::string &path) { return host.root.text(path).value_or("(none)"); }

  /// How many overlays of ours lie on each hierarchy.
  std::vector<unsigned> covers()
  {
    const auto table = overlay::read_mount_table(host);
    std::vector<unsigned> counts;
    for (const char *path : {"/usr", "/opt"})
      counts.push_back(overlay::find_hierarchy(host, overlay::Class::sysext, path, table).covers);
    return counts;
  }

  /// The set that a hierarchy shows, "one" or "two", with all that belongs to it; else all it has.
  std::string set_in(const std::string &hierarchy)
  {
    std::string seen;
    for (const char *name : {"base", "common", "first", "second"})
      seen += text(hierarchy + "/" + name) + " ";
    if (seen == "base one one (none) ")
      return "one";
    if (seen == "base two (none) two ")
      return "two";
    return seen;
  }

  void install_one() const
  {
    extension("common", "one");
    extension("first", "one");
  }

  void install_two() const
  {
    remove_extension("first");
    extension("common", "two");
    extension("second", "two");
  }
};

inline const std::vector<unsigned> merged_once = {1, 1};
inline const std::vector<unsigned> not_merged = {0, 0};

} // namespace overlay_test
