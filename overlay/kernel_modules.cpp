// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel_modules.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/tree_copy.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <sstream>

namespace overlay {

namespace {

using base::Kind;
using base::Level;

constexpr std::chrono::minutes patience{2};

const std::string modules_path = "lib/modules";
constexpr std::string_view written = "written";

/// What depmod reads besides the modules.
struct List {
  const char *name;
  char end; ///< of each entry
};

constexpr std::array lists = {List{"modules.order", '\n'},
                              List{"modules.builtin", '\n'},
                              List{"modules.builtin.modinfo", '\0'}};
constexpr std::size_t list_limit = std::size_t{64} << 20U;

std::string folder_of(const std::string &kernel)
{
  return fmt::format("{}/{}", modules_path, kernel);
}

bool is_index(std::string_view name)
{
  return name.starts_with("modules.");
}

/// Nothing where something else is in the way.
std::optional<base::Dir> find_place(const base::Dir &layer, const std::string &path)
{
  try {
    return layer.find_dir(path);
  } catch (const base::Error &error) {
    if (error.os_error() != ENOTDIR && error.os_error() != ELOOP)
      throw;
    return std::nullopt;
  }
}

/// One that depmod takes for a kernel, and not for an option.
bool is_kernel(const std::string &name)
{
  return std::isdigit(static_cast<unsigned char>(name.front())) != 0 && is_valid_image_name(name);
}

std::vector<std::string> kernels_in(const base::Dir &layer)
{
  std::vector<std::string> kernels;
  if (const auto modules = find_place(layer, modules_path))
    for (const base::DirEntry &entry : modules->entries())
      if (is_kernel(entry.name) && S_ISDIR(entry.type))
        kernels.push_back(entry.name);
  return kernels;
}

/// One text for the state of a layer that has no identity.
std::string times_in(const base::Dir &layer, const std::string &kernel)
{
  std::string text;
  const base::Dir folder = layer.dir(folder_of(kernel));
  for (const char *name : {".", "modules.dep", "modules.order", "modules.builtin"})
    if (const auto status = folder.status(name))
      text += fmt::format("{} {} {} {}.{:09}\n",
                          name,
                          status->st_ino,
                          status->st_size,
                          status->st_mtim.tv_sec,
                          status->st_mtim.tv_nsec);
  return text;
}

std::string identity_in(const ModuleLayer &layer, const std::string &kernel)
{
  return layer.identity.empty() ? times_in(layer.top, kernel) : layer.identity + "\n";
}

std::string metadata_file()
{
  return fmt::format("{}/{}", facts(Class::sysext).metadata, indexed_kernels_file);
}

class Indexer {
public:
  Indexer(const base::Host &host, const KernelIndexing &indexing) : host_(host), indexing_(indexing)
  {
  }

  KernelStamps run()
  {
    const KernelStamps present = indexed_kernels(indexing_.hierarchy);
    KernelStamps done;
    for (const auto &[kernel, stamp] : shared_kernels(indexing_.layers)) {
      const auto known = present.find(kernel);
      const bool is_same = known != present.end() && known->second == stamp;
      if (!is_written_over(kernel) && attempt(kernel, is_same))
        done.emplace(kernel, indexing_.upper != nullptr ? written : stamp);
    }
    return done;
  }

private:
  bool is_written_over(const std::string &kernel) const
  {
    const std::string index = folder_of(kernel) + "/modules.dep";
    if (indexing_.upper == nullptr || !indexing_.upper->status(index))
      return false;
    host_.say(Level::notice,
              "{}/{} was written and stays what it is; `depmod {}` has it know the kernel modules "
              "of all extensions.",
              kernel_modules_hierarchy,
              index,
              kernel);
    return true;
  }

  /// Extensions are merged all the same if it fails.
  bool attempt(const std::string &kernel, bool is_same)
  {
    try {
      if (is_same)
        keep(indexing_.hierarchy.top->dir(folder_of(kernel)), kernel);
      else
        make(kernel);
      return true;
    } catch (const base::Error &error) {
      if (const auto modules = indexing_.top.find_dir(modules_path))
        base::remove_tree(host_.sys, *modules, kernel);
      host_.say(Level::warning,
                "The modules of kernel {} have no common index, and those of some extensions may "
                "not be found: {}",
                kernel,
                error.what());
      return false;
    }
  }

  /// depmod writes beside the modules: here to a directory that nobody else sees.
  void make(const std::string &kernel)
  {
    const base::Dir bench = host_.sys.make_mount({.type = "tmpfs", .options = {{"mode", "0700"}}});
    const base::Dir upper = base::make_path(host_.sys, bench, "upper");
    const base::Dir work = base::make_path(host_.sys, bench, "work");
    const base::Dir folder = base::make_path(host_.sys, upper, folder_of(kernel));
    join_lists(kernel, folder);
    base::NewOverlay whole = indexing_.whole;
    whole.upper = &upper;
    whole.work = &work;
    run_depmod(bench, host_.sys.make_overlay(whole), kernel);
    keep(folder, kernel);
  }

  /// In the order of the layers, the lowest first, each entry once.
  void join_lists(const std::string &kernel, const base::Dir &folder)
  {
    for (const List &list : lists) {
      std::string joined;
      std::set<std::string> known;
      for (auto layer = indexing_.layers.rbegin(); layer != indexing_.layers.rend(); ++layer) {
        std::istringstream entries(
            layer->top.text(fmt::format("{}/{}", folder_of(kernel), list.name), list_limit)
                .value_or(""));
        for (std::string entry; std::getline(entries, entry, list.end);)
          if (known.insert(entry).second)
            joined += entry + list.end;
      }
      base::Fd file = host_.sys.create(folder, list.name, 0644);
      host_.sys.write_at(file, 0, std::as_bytes(std::span(joined)));
      host_.sys.close(std::move(file));
    }
  }

  /// It comes to our directories, which hang nowhere, by our descriptors.
  void run_depmod(const base::Dir &bench, const base::Dir &usr, const std::string &kernel)
  {
    const auto self = host_.machine.link_target("proc/self");
    const auto path = [&](const base::Dir &dir) {
      return fmt::format("/proc/{}/fd/{}", self.value_or("self"), dir.fd().number());
    };
    host_.sys.symlink(path(usr), bench, "usr");
    host_.sys.symlink("usr/lib", bench, "lib");
    const base::Finished finished =
        host_.programs.run({.argv = {"depmod", "-b", path(bench), kernel}, .limit = patience});
    if (finished.status != 0)
      base::fail(Kind::io, "depmod {} failed: {}", kernel, finished.errors);
  }

  void keep(const base::Dir &from, const std::string &kernel)
  {
    const std::string folder = folder_of(kernel);
    base::TreeCopy copy(host_.sys, indexing_.top);
    for (const std::string &path : {base::split_path(modules_path).parent, modules_path, folder})
      copy.directory(topmost(path), path);
    for (const base::DirEntry &entry : from.entries())
      if (is_index(entry.name) && S_ISREG(entry.type))
        copy.entry(from, entry.name, fmt::format("{}/{}", folder, entry.name));
    copy.finish();
  }

  /// The directory as it would be seen without the one of the indexes.
  [[nodiscard]] base::Dir topmost(const std::string &path) const
  {
    for (const ModuleLayer &layer : indexing_.layers)
      if (auto place = find_place(layer.top, path))
        return std::move(*place);
    base::fail(Kind::internal, "{} is in no layer", path);
  }

  const base::Host &host_;
  const KernelIndexing &indexing_;
};

} // namespace

std::vector<ModuleLayer> module_layers(const std::string &hierarchy,
                                       const std::vector<const Layer *> &above,
                                       const std::optional<base::Dir> &system,
                                       const std::vector<const Layer *> &below)
{
  std::vector<ModuleLayer> layers;
  const auto add = [&](const std::vector<const Layer *> &extensions) {
    for (const Layer *each : extensions)
      layers.push_back(
          {each->tree.find_dir(hierarchy).value(), stamp_of({each->candidate}, each->trusted_by)});
  };
  add(above);
  if (system)
    layers.push_back({system->again()});
  add(below);
  return layers;
}

KernelStamps shared_kernels(const std::vector<ModuleLayer> &layers)
{
  std::map<std::string, std::vector<std::string>> sources;
  for (const ModuleLayer &layer : layers)
    for (const std::string &kernel : kernels_in(layer.top))
      sources[kernel].push_back(identity_in(layer, kernel));
  KernelStamps shared;
  for (const auto &[kernel, identities] : sources) {
    std::string all;
    for (const std::string &identity : identities)
      all += identity;
    if (identities.size() > 1)
      shared.emplace(kernel, stamp_of({}, all));
  }
  return shared;
}

KernelStamps indexed_kernels(const Hierarchy &hierarchy)
{
  KernelStamps kernels;
  if (!hierarchy.is_merged() || hierarchy.path != kernel_modules_hierarchy)
    return kernels;
  std::istringstream text(hierarchy.top->text(metadata_file()).value_or(""));
  for (std::string stamp, kernel; text >> stamp && std::getline(text >> std::ws, kernel);)
    kernels.emplace(kernel, stamp);
  return kernels;
}

std::vector<std::string> kernels_to_index(const Hierarchy &hierarchy,
                                          const std::vector<ModuleLayer> &layers)
{
  std::vector<std::string> kernels;
  const KernelStamps present = indexed_kernels(hierarchy);
  for (const auto &[kernel, stamp] : shared_kernels(layers))
    if (const auto known = present.find(kernel); known == present.end() || known->second != stamp)
      kernels.push_back(kernel);
  return kernels;
}

std::optional<std::string> kernel_of_index(const std::string &path)
{
  const base::SplitPath split = base::split_path(path);
  base::SplitPath folder = base::split_path(split.parent);
  if (folder.parent != modules_path || !is_index(split.name))
    return std::nullopt;
  return std::move(folder.name);
}

KernelStamps index_kernels(const base::Host &host, const KernelIndexing &indexing)
{
  try {
    return Indexer(host, indexing).run();
  } catch (const base::Error &error) {
    host.say(Level::warning, "Kernel modules have no common index: {}", error.what());
    return {};
  }
}

std::string text_of(const KernelStamps &kernels)
{
  std::string text;
  for (const auto &[kernel, stamp] : kernels)
    text += fmt::format("{} {}\n", stamp, kernel);
  return text;
}

} // namespace overlay
