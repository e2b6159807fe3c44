// SPDX-License-Identifier: Apache-2.0
#include "crash/extension_machine.hpp"

#include "base/linux_sys.hpp"
#include "crash/publisher.hpp"
#include "handoff/extension_install.hpp"
#include "overlay/merge.hpp"
#include "support/extension_image.hpp"
#include "support/test_host.hpp"
#include "verity/digest.hpp"
#include "verity/minisign.hpp"

#include <filesystem>

namespace crash {

using base::Dir;
using base::Host;
using overlay::Request;

using Requests = std::vector<Request>;

namespace {

std::string image(const std::string &name, const std::string &version)
{
  return support::erofs_of({{"usr/lib/extension-release.d/extension-release." + name, "ID=_any\n"},
                            {"usr/share/" + name, version}});
}

Server files_of(const Dir &repository)
{
  Server files;
  for (const base::DirEntry &entry : repository.entries())
    if (S_ISREG(repository.target_status(entry.name)->st_mode))
      files[entry.name] = repository.text(entry.name).value();
  return files;
}

const Server &server(Offered offered)
{
  static const std::vector<Server> states = [] {
    const support::TempRoot root(support::Storage::memory,
                                 {{"first/tool_5_x86-64.raw", image("tool", "5")},
                                  {"first/hello_1.0_x86-64.raw", image("hello", "1.0")},
                                  {"second/hello_1.1_x86-64.raw", image("hello", "1.1")}});
    base::LinuxSys sys;
    std::vector<Server> made;
    for (const char *directory : {"/first", "/second"}) {
      run(sys, root.dir(), {}, publishing(directory));
      made.push_back(files_of(root.dir().dir("repository")));
    }
    return made;
  }();
  return states.at(offered == Offered::first ? 0 : 1);
}

handoff::Repositories vendor()
{
  return {.url = repository_url,
          .trust = verity::file_text(publisher_key().public_key()),
          .channel = {}};
}

std::string digest(const std::string &text)
{
  return verity::hex(verity::digest_of(std::as_bytes(std::span(text)))).substr(0, 8);
}

void list(const Dir &dir, const std::string &path, std::string &text)
{
  for (const base::DirEntry &entry : dir.entries()) {
    const std::string below = path + "/" + entry.name;
    if (entry.name.starts_with('.'))
      continue;
    if (entry.type == S_IFDIR)
      list(dir.dir(entry.name), below, text);
    else if (entry.type == S_IFLNK)
      text += fmt::format("{} -> {}\n", below, dir.link_target(entry.name).value());
    else
      text += fmt::format("{} {}\n", below, digest(dir.text(entry.name).value()));
  }
}

ExtensionVerb installing(const std::string &name)
{
  return [name](const Host &host, const Requests &requests) {
    (void)handoff::install(host, requests, vendor(), name);
  };
}

} // namespace

void run(base::Sys &sys, const Dir &root, Offered offered, const ExtensionVerb &verb)
{
  Request request;
  request.configuration.hierarchies = {"/usr"};
  request.service_manager = Request::ServiceManager::leave_alone;
  run(sys, root, server(offered), [&](const Host &host) {
    verb({.sys = sys,
          .programs = host.programs,
          .fetcher = host.fetcher,
          .clock = host.clock,
          .log = host.log,
          .environment = {},
          .root = root.again(),
          .machine = Dir::open_root("/"),
          .is_running_system = false},
         {request});
  });
}

void install_hello(const Host &host, const Requests &requests)
{
  installing("hello")(host, requests);
}

void upgrade_all(const Host &host, const Requests &requests)
{
  (void)handoff::upgrade(host, requests, {});
}

void remove_hello(const Host &host, const Requests &requests)
{
  handoff::remove(host, requests, "hello");
}

void merge_all(const Host &host, const Requests &requests)
{
  overlay::refresh(host, requests);
}

void unmerge_all(const Host &host, const Requests &requests)
{
  overlay::unmerge(host, requests);
}

void prepare(const support::TempRoot &root, Vendor vendor, const std::string &hello)
{
  root.write("usr/lib/os-release", "ID=test\nVERSION_ID=1\n");
  // The clock of tests stands in the past, and no clock is behind the system itself.
  std::filesystem::last_write_time(root.path() + "/usr/lib/os-release",
                                   std::chrono::file_clock::from_sys(std::chrono::sys_seconds{}));
  root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  for (const char *directory : {"usr/share", "var/lib", "run"})
    std::filesystem::create_directories(root.path() + "/" + directory);
  base::LinuxSys sys;
  if (vendor == Vendor::known)
    run(sys, root.dir(), Offered::first, installing("tool"));
  if (!hello.empty())
    run(sys, root.dir(), hello == "1.0" ? Offered::first : Offered::both, install_hello);
  run(sys, root.dir(), Offered::first, unmerge_all);
}

std::string merged(const Dir &root)
{
  std::string found;
  for (const std::string name : {"tool", "hello"})
    if (const auto version = root.text("usr/share/" + name))
      found += (found.empty() ? "" : ", ") + name + " " + *version;
  return found.empty() ? "nothing" : found;
}

std::string installed_files(const Dir &root)
{
  std::string found;
  for (const char *place : {"etc", "var/lib/extensions", "var/lib/extensions.d"})
    if (const auto dir = root.find_dir(place))
      list(*dir, place, found);
  return found;
}

} // namespace crash
