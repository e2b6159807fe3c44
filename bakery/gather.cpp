// SPDX-License-Identifier: Apache-2.0
#include "bakery/gather.hpp"

#include "bakery/file_digest.hpp"
#include "base/error.hpp"

#include <sys/stat.h>

namespace bakery {

using base::Kind;

namespace {

base::Fd open_beside(const base::Dir &recipe_dir, const Source &source, const std::string &path)
{
  const auto status = recipe_dir.target_status(path);
  if (!status || !S_ISREG(status->st_mode))
    base::fail(Kind::config,
               "{}: there is no file {}; paths of sources are relative to the recipe",
               source.where,
               recipe_dir.display(path));
  return recipe_dir.file(path);
}

base::Dir open_directory(const base::Dir &recipe_dir, const Source &source, const std::string &path)
{
  auto dir = recipe_dir.find_dir(path);
  if (!dir)
    base::fail(Kind::config,
               "{}: there is no directory {}; paths of sources are relative to the recipe",
               source.where,
               recipe_dir.display(path));
  return std::move(*dir);
}

verity::Sha256
digest_beside(const base::Dir &recipe_dir, const Source &source, const std::string &path)
{
  if (source.kind == SourceKind::directory)
    return digest_of_tree(open_directory(recipe_dir, source, path));
  return digest_of_file(open_beside(recipe_dir, source, path));
}

Input input_of(const Source &source, const base::Dir &recipe_dir, const std::string &architecture)
{
  const auto place = source.place.of(architecture);
  if (!place)
    base::fail(Kind::config,
               "{}: sources.{}: it is not said where it comes from for {}",
               source.where,
               source.id,
               architecture);
  const auto pinned = source.sha256.of(architecture);
  const bool is_beside = source.kind == SourceKind::file || source.kind == SourceKind::directory;
  if (!pinned && !is_beside)
    base::fail(Kind::config,
               "{}: sources.{}: sha256 has nothing for {}",
               source.where,
               source.id,
               architecture);
  Input input{.id = source.id,
              .kind = source.kind,
              .place = *place,
              .package_version = source.package_version};
  if (pinned)
    input.sha256 = verity::parse_sha256(*pinned).value();
  if (!is_beside)
    return input;
  const verity::Sha256 found = digest_beside(recipe_dir, source, *place);
  if (pinned && found != input.sha256)
    base::fail(Kind::untrusted,
               "{}: sources.{}: the SHA-256 of {} is {}, and the recipe says {}; if what is there "
               "now is what you want, write its hash into the recipe",
               source.where,
               source.id,
               *place,
               verity::hex(found),
               *pinned);
  input.sha256 = found;
  return input;
}

base::Fd get_file(const base::Host &host,
                  const Source &source,
                  const base::Dir &recipe_dir,
                  const Input &input,
                  const std::string &architecture,
                  Store &store)
{
  if (source.kind == SourceKind::url)
    return fetch(host, store, input.place, input.sha256);
  if (source.kind == SourceKind::package)
    return fetch_package(
        host,
        store,
        {.name = input.place, .version = source.package_version, .architecture = architecture},
        input.sha256);
  base::Fd file = open_beside(recipe_dir, source, input.place);
  if (digest_of_file(file) != input.sha256)
    base::fail(Kind::busy, "{} was changed meanwhile", recipe_dir.display(input.place));
  return file;
}

/// The package has to be the one that was asked for, since its name goes into the list of parts.
void check_package(const Source &source, const Input &input, const PackageFacts &facts)
{
  if (facts.name != input.place || facts.version != source.package_version)
    base::fail(Kind::untrusted,
               "it is {} {}, and the recipe asks for {} {}",
               facts.name,
               facts.version,
               input.place,
               source.package_version);
}

Gathered gather_one(const base::Host &host,
                    const Source &source,
                    const base::Dir &recipe_dir,
                    const Input &input,
                    const std::string &architecture,
                    Store &store,
                    const Workspace &workspace)
{
  Gathered result{.input = input};
  if (source.kind == SourceKind::directory) {
    result.tree = open_directory(recipe_dir, source, input.place);
    return result;
  }
  base::Fd file = get_file(host, source, recipe_dir, input, architecture, store);
  if (source.kind == SourceKind::package) {
    result.tree = workspace.make("source-" + source.id);
    const Workspace scratch(host.sys, workspace.dir(), "package");
    result.package = unpack_package(host.sys, file, *result.tree, scratch.dir());
    check_package(source, input, *result.package);
  } else if (source.unpack) {
    result.tree = workspace.make("source-" + source.id);
    base::extract_tar(host.sys, file, *result.tree, unpack_limits);
  } else {
    result.file = std::move(file);
  }
  return result;
}

} // namespace

std::vector<Input>
inputs_of(const Recipe &recipe, const base::Dir &recipe_dir, const std::string &architecture)
{
  std::vector<Input> inputs;
  for (const Source &source : recipe.sources)
    inputs.push_back(input_of(source, recipe_dir, architecture));
  return inputs;
}

std::vector<Gathered> gather(const base::Host &host,
                             const Recipe &recipe,
                             const base::Dir &recipe_dir,
                             const std::vector<Input> &inputs,
                             const std::string &architecture,
                             Store &store,
                             const Workspace &workspace)
{
  std::vector<Gathered> gathered;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    const Source &source = recipe.sources[index];
    gathered.push_back(base::during(fmt::format("{}: the source {}", source.where, source.id), [&] {
      return gather_one(host, source, recipe_dir, inputs[index], architecture, store, workspace);
    }));
  }
  return gathered;
}

} // namespace bakery
