// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/gather.hpp"
#include "bakery/recipe.hpp"
#include "base/host.hpp"

#include <string>
#include <vector>

namespace bakery {

/// In which order what does not matter is done. A second build goes the other way round, so that
/// what comes of the order of files or of the time shows.
enum class Pass { first, second };

/// Makes the tree of an image in `into`, which is empty: the files, units and release file of the
/// recipe. It depends on the recipe and the sources only: modes are those of archives, else 0755
/// for programs and directories and 0644 for the rest. What lies in /bin, /sbin and /lib* goes
/// below /usr, as on the systems that extensions are for. Throws Kind::config, with the place in
/// the recipe, where two entries put different things at one path, or a source has not what is
/// asked for.
void compose(const base::Host &host,
             const Recipe &recipe,
             const std::string &architecture,
             const std::vector<Gathered> &sources,
             const base::Dir &into,
             Pass pass);

/// The text of the release file of an extension.
std::string release_text(const Recipe &recipe, const std::string &architecture);

/// "usr/lib/extension-release.d/extension-release.NAME", by the class.
std::string release_path(const Recipe &recipe);

} // namespace bakery
