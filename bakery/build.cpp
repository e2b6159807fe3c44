// SPDX-License-Identifier: Apache-2.0
#include "bakery/build.hpp"

#include "bakery/file_digest.hpp"
#include "bakery/file_system_image.hpp"
#include "base/error.hpp"
#include "base/tree_copy.hpp"

#include <sys/stat.h>

#include <optional>

namespace bakery {

using base::Kind;

namespace {

std::optional<verity::RootHashSignature>
signature_by(const std::optional<verity::RootHashSigner> &signer, const verity::Sha256 &root_hash)
{
  if (!signer)
    return std::nullopt;
  return verity::RootHashSignature{.root_hash = root_hash,
                                   .signature = verity::sign_root_hash(root_hash, *signer),
                                   .certificate =
                                       verity::certificate_fingerprint(signer->certificate_pem)};
}

/// Writes "image" from the file system that lies in the workspace.
Made make_disk_image(const base::Host &host, const BuildPlan &plan, const Workspace &workspace)
{
  const DdiFacts facts = ddi_facts(plan.recipe, plan.inputs);
  const base::Fd file_system = workspace.dir().file("file-system");
  const HashedFileSystem hashed = hash_file_system(host.sys, file_system, facts, workspace.dir());
  const auto signature = signature_by(plan.signer, hashed.root_hash);
  base::Fd image = host.sys.create(workspace.dir(), "image", 0644);
  write_ddi(host.sys, image, file_system, hashed, signature, facts);
  host.sys.close(std::move(image));
  Made made{.sha256 = {}, .root_hash = hashed.root_hash};
  if (signature)
    made.signer = signature->certificate;
  return made;
}

/// What of an entry is in an image, as a text to compare.
std::string described(const base::Dir &dir, const std::string &name)
{
  const struct stat status = base::status_of(dir.handle(name));
  std::string text = fmt::format("{:o}", status.st_mode);
  if (S_ISLNK(status.st_mode))
    text += " " + dir.link_target(name).value_or("");
  else if (S_ISREG(status.st_mode))
    text += " " + verity::hex(digest_of_file(dir.file(name)));
  return text;
}

/// The path of the first entry that the two trees do not have alike.
std::optional<std::string>
first_difference(const base::Dir &one, const base::Dir &other, const std::string &below)
{
  const auto ours = one.entries();
  const auto theirs = other.entries();
  for (std::size_t index = 0; index < std::max(ours.size(), theirs.size()); ++index) {
    if (index >= ours.size() || index >= theirs.size() || ours[index].name != theirs[index].name)
      return below + (index < ours.size() ? ours[index].name : theirs[index].name);
    const std::string &name = ours[index].name;
    if (described(one, name) != described(other, name))
      return below + name;
    if (ours[index].type == S_IFDIR)
      if (auto found = first_difference(one.dir(name), other.dir(name), below + name + "/"))
        return found;
  }
  return std::nullopt;
}

} // namespace

DdiFacts ddi_facts(const Recipe &recipe, const Inputs &inputs)
{
  return {.identity = inputs.name,
          .designator = recipe.image_class == ImageClass::usr ? "usr" : "root",
          .architecture = inputs.architecture,
          .label = fmt::format("{}_{}", recipe.name, recipe.version)};
}

Build build_image(const base::Host &host,
                  const BuildPlan &plan,
                  Store &store,
                  const Workspace &workspace,
                  Pass pass)
{
  const Inputs &inputs = plan.inputs;
  Build build{.made = {},
              .sources = gather(host,
                                plan.recipe,
                                plan.recipe_dir,
                                inputs.sources,
                                inputs.architecture,
                                store,
                                workspace)};
  const base::Dir tree = workspace.make("tree");
  compose(host, plan.recipe, inputs.architecture, build.sources, tree, pass);
  const bool is_usr = plan.recipe.image_class == ImageClass::usr; // which is mounted there
  if (is_usr && !tree.find_dir_no_symlinks("usr"))
    base::fail(Kind::config, "there is nothing below /usr, and a /usr partition has nothing else");
  const bool is_naked = plan.recipe.container == Container::naked;
  const std::string file = is_naked ? "image" : "file-system";
  make_file_system(host,
                   {.format = plan.recipe.format,
                    .compression = plan.recipe.compression,
                    .identity = inputs.name,
                    .time = inputs.time},
                   is_usr ? tree.path() + "/usr" : tree.path(),
                   workspace.path() + "/" + file);
  if (!is_naked)
    build.made = make_disk_image(host, plan, workspace);
  const base::Fd image = workspace.dir().file("image");
  build.made.size = base::size_of(image);
  build.made.sha256 = verity::hex(digest_of_file(image));
  return build;
}

void check_second_build(const base::Host &host,
                        const BuildPlan &plan,
                        Store &store,
                        const Workspace &workspace,
                        const Build &first)
{
  const Workspace again(host.sys, workspace.dir(), "second-build");
  const Build second = build_image(host, plan, store, again, Pass::second);
  const bool is_same = first.made.root_hash ? first.made.root_hash == second.made.root_hash
                                            : first.made.sha256 == second.made.sha256;
  if (is_same)
    return;
  const auto path = first_difference(workspace.dir().dir("tree"), again.dir().dir("tree"), "/");
  if (path)
    base::fail(Kind::config,
               "it is not reproducible: {} differs between two builds of the same inputs",
               *path);
  base::fail(Kind::config,
             "it is not reproducible: two builds have the same files, but {} made different file "
             "systems of them",
             plan.inputs.maker);
}

} // namespace bakery
