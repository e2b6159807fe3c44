// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/layer.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace overlay {

// The modules of a kernel are found by indexes beside them (modules.dep, modules.alias, …). In a
// merged /usr those of the topmost layer hide all others, and with them what the others have. So
// where a kernel's modules come from several layers, depmod(8) makes indexes of all together, and
// they are merged with the layers. Of the lists that depmod reads (modules.order, …) one is made of
// those of all layers.

/// The hierarchy that has lib/modules.
constexpr std::string_view kernel_modules_hierarchy = "/usr";

/// A layer, as far as its kernel modules go.
struct ModuleLayer {
  base::Dir top;
  /// Another one once it has changed. Empty: that is told by the times of its indexes.
  std::string identity{};
};

/// The layers of a hierarchy, the topmost first.
std::vector<ModuleLayer> module_layers(const std::string &hierarchy,
                                       const std::vector<const Layer *> &above,
                                       const std::optional<base::Dir> &system,
                                       const std::vector<const Layer *> &below);

/// Kernels, by the names of their directories, each with one word for all that its indexes are made
/// of.
using KernelStamps = std::map<std::string, std::string>;

/// Those whose modules come from several layers. Names that depmod does not take are passed over.
KernelStamps shared_kernels(const std::vector<ModuleLayer> &layers);

/// Those whose indexes were made for what is merged there now. Whoever could write there meanwhile
/// may have changed them: then the word is "written".
KernelStamps indexed_kernels(const Hierarchy &hierarchy);

/// Those that have to be indexed when these layers are merged: what has not changed is taken over.
std::vector<std::string> kernels_to_index(const Hierarchy &hierarchy,
                                          const std::vector<ModuleLayer> &layers);

/// The kernel of which this path of /usr, relative to it, is an index or a list.
std::optional<std::string> kernel_of_index(const std::string &path);

/// What becomes a new /usr.
struct KernelIndexing {
  const Hierarchy &hierarchy;
  std::vector<ModuleLayer> layers;
  const base::Dir *upper; ///< which is written to, and lies over all; null if there is none
  base::NewOverlay whole; ///< of all layers, to be written to
  const base::Dir &top;   ///< where the indexes go: the topmost layer but for `upper`
};

/// Makes the indexes, or takes them over from what is merged; gives back what the metadata are to
/// say of them. Of a kernel for which that cannot be done it says why, and leaves the layers as
/// they are; so it does where `upper` has indexes. What cannot be read in a layer is no failure.
KernelStamps index_kernels(const base::Host &host, const KernelIndexing &indexing);

/// As the metadata directory has them, in a file of this name.
constexpr std::string_view indexed_kernels_file = "strake-kernel-modules";
std::string text_of(const KernelStamps &kernels);

} // namespace overlay
