// SPDX-License-Identifier: Apache-2.0
#include "bakery/bake.hpp"

#include "bakery/attach.hpp"
#include "bakery/build.hpp"
#include "bakery/compose.hpp"
#include "bakery/file_digest.hpp"
#include "bakery/file_system_image.hpp"
#include "bakery/lint.hpp"
#include "bakery/recipe_file.hpp"
#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/parse.hpp"
#include "base/version.hpp"

#include <span>

namespace bakery {

using base::Kind;

namespace {

constexpr std::string_view workspace_prefix = ".bake-";

/// A recipe that was read, with where it lies.
struct Opened {
  Recipe recipe;
  base::Dir dir;
  std::string sha256;
};

/// The text behind `after` in the first line that has it, up to the next blank or quote.
std::string version_in(const base::Dir &dir, const VersionFrom &from)
{
  const auto text = dir.text(from.file);
  if (!text)
    base::fail(Kind::config, "there is no file {}, which has the version", dir.display(from.file));
  const std::size_t at = text->find(from.after);
  if (at == std::string::npos)
    base::fail(Kind::config, "{} has no \"{}\" in it", dir.display(from.file), from.after);
  const std::string rest = text->substr(at + from.after.size());
  const std::size_t begin = std::min(rest.find_first_not_of(" \t\"'"), rest.size());
  return rest.substr(begin, rest.find_first_of(" \t\r\n\"'", begin) - begin);
}

void find_version(Recipe &recipe, const base::Dir &dir)
{
  if (!recipe.version_from)
    return;
  recipe.version =
      recipe.version_from->package.empty()
          ? version_in(dir, *recipe.version_from)
          : image_version(recipe.find_source(recipe.version_from->package)->package_version);
  if (!base::is_valid_version(recipe.version) || recipe.version.find('_') != std::string::npos)
    base::fail(Kind::config, "what is found as version, \"{}\", is none", recipe.version);
}

Opened open_recipe(const std::string &path)
{
  const base::SplitPath split = base::split_path(path);
  base::Dir dir = base::Dir::open_root(split.parent.empty() ? "/" : split.parent);
  const auto text = dir.text(split.name);
  if (!text)
    base::fail(Kind::not_found, "there is no recipe {}", path);
  Opened opened{.recipe = parse_recipe(*text, path),
                .dir = std::move(dir),
                .sha256 = verity::hex(verity::digest_of(std::as_bytes(std::span(*text))))};
  base::during(path, [&] {
    check_allowances(opened.recipe.allow);
    find_version(opened.recipe, opened.dir);
  });
  return opened;
}

std::uint64_t time_of(const base::Host &host, const Recipe &recipe)
{
  if (recipe.time)
    return *recipe.time;
  const auto variable = host.variable("SOURCE_DATE_EPOCH");
  if (!variable)
    return 0;
  const auto seconds = base::parse_number(*variable);
  if (!seconds)
    base::fail(Kind::usage, "$SOURCE_DATE_EPOCH is no number of seconds: \"{}\"", *variable);
  return *seconds;
}

Inputs inputs_for(const base::Host &host, const Opened &opened, const std::string &architecture)
{
  return {.recipe_sha256 = opened.sha256,
          .name = image_name(opened.recipe, architecture),
          .architecture = architecture,
          .sources = inputs_of(opened.recipe, opened.dir, architecture),
          .time = time_of(host, opened.recipe),
          .maker = file_system_maker(host, opened.recipe.format),
          .allowed = opened.recipe.allow,
          .size_limit = opened.recipe.size_limit};
}

/// What is there of an image, if it was made of these inputs, by this signer, and is as it was.
std::optional<Made> find_made(const base::Dir &output,
                              const Inputs &inputs,
                              const std::optional<verity::RootHashSigner> &signer)
{
  const auto text = output.text(inputs.name + ".inputs.json", record_limit);
  const auto record = text ? parse_record(*text) : std::nullopt;
  if (!record || record->stamp != stamp_of(inputs))
    return std::nullopt;
  if (signer && record->made.root_hash &&
      record->made.signer != verity::certificate_fingerprint(signer->certificate_pem))
    return std::nullopt;
  const auto image = output.find_file(inputs.name + ".raw");
  if (!image || verity::hex(digest_of_file(*image)) != record->made.sha256)
    return std::nullopt;
  return record->made;
}

void publish(const base::Host &host,
             const base::Dir &output,
             const Workspace &workspace,
             const Recipe &recipe,
             const Inputs &inputs,
             const Build &build)
{
  host.sys.sync(workspace.dir().file("image"));
  host.sys.rename(workspace.dir(), "image", output, inputs.name + ".raw", base::Replace::yes);
  if (build.made.root_hash)
    base::replace_file(
        host.sys, output, inputs.name + ".roothash", verity::hex(*build.made.root_hash));
  base::replace_file(host.sys,
                     output,
                     inputs.name + ".spdx.json",
                     encode_bill_of_materials(recipe, inputs, build.sources, build.made));
  base::replace_file(
      host.sys, output, inputs.name + ".inputs.json", encode_record(inputs, build.made));
}

/// What lint finds in the tree. With an error nothing is published.
std::vector<Finding> judge(const BakeRequest &request,
                           const Recipe &recipe,
                           const std::string &architecture,
                           const Workspace &workspace,
                           const Build &build)
{
  const Subject subject{.name = recipe.name,
                        .image_class = recipe.image_class,
                        .architecture = architecture,
                        .contents = read_contents(workspace.dir().dir("tree")),
                        .size = build.made.size,
                        .size_limit = recipe.size_limit};
  std::optional<Contents> system;
  if (!request.base.empty())
    system = read_system(base::Dir::open_root(request.base));
  std::vector<Finding> findings =
      lint(subject, {.base = system ? &*system : nullptr}, recipe.allow);
  if (!has_errors(findings))
    return findings;
  std::string text;
  for (const Finding &finding : findings)
    if (finding.gravity == Gravity::error && finding.allowed.empty())
      text += "\n  " + described(finding);
  base::fail(Kind::config, "lint refuses it:{}", text);
}

Product bake_one(const base::Host &host,
                 const BakeRequest &request,
                 const Opened &opened,
                 const base::Dir &output,
                 const std::string &architecture)
{
  const Inputs inputs = inputs_for(host, opened, architecture);
  Product product{.name = inputs.name, .path = output.display(inputs.name + ".raw")};
  if (request.work == Work::attach) {
    product.outcome = Outcome::attached;
    product.made = attach_signature(host, output, opened.recipe, inputs, request.certificate);
    return product;
  }
  const auto made =
      request.work == Work::check ? std::nullopt : find_made(output, inputs, request.signer);
  if (made || request.work == Work::tell) {
    product.outcome = made ? Outcome::unchanged : Outcome::would_bake;
    product.made = made.value_or(Made{});
    return product;
  }
  host.say(base::Level::info, "baking {}", inputs.name);
  Store store(host.sys, base::make_path(host.sys, base::Dir::open_root("/"), request.store));
  const Workspace workspace(host.sys, output, std::string(workspace_prefix) + inputs.name);
  const BuildPlan plan{.recipe = opened.recipe,
                       .recipe_dir = opened.dir,
                       .inputs = inputs,
                       .signer = request.signer};
  Build build = build_image(host, plan, store, workspace, Pass::first);
  if (request.work == Work::check)
    check_second_build(host, plan, store, workspace, build);
  product.findings = judge(request, opened.recipe, architecture, workspace, build);
  publish(host, output, workspace, opened.recipe, inputs, build);
  product.made = std::move(build.made);
  return product;
}

/// What a cut run left; nobody else works here while the lock is held.
void remove_leftovers(base::Sys &sys, const base::Dir &output)
{
  for (const base::DirEntry &entry : output.entries())
    if (entry.name.starts_with(workspace_prefix))
      base::remove_tree(sys, output, entry.name);
}

} // namespace

std::string_view name(Outcome outcome)
{
  switch (outcome) {
  case Outcome::baked:
    return "baked";
  case Outcome::unchanged:
    return "unchanged";
  case Outcome::attached:
    return "attached";
  case Outcome::would_bake:
    return "would-bake";
  }
  return "?";
}

std::vector<Product> bake(const base::Host &host, const BakeRequest &request)
{
  const Opened opened = open_recipe(request.recipe);
  const base::Dir output =
      request.work == Work::tell
          ? base::Dir::open_root("/").find_dir(request.output).value_or(base::Dir::open_root("/"))
          : base::make_path(host.sys, base::Dir::open_root("/"), request.output);
  if (request.work != Work::tell && !host.sys.try_lock(output.fd()))
    base::fail(Kind::busy, "another strake works in {}; wait for it", output.path());
  if (request.work != Work::tell)
    remove_leftovers(host.sys, output);
  std::vector<Product> products;
  for (const std::string &architecture : opened.recipe.architectures)
    base::during(fmt::format("{} for {}", request.recipe, architecture), [&] {
      products.push_back(bake_one(host, request, opened, output, architecture));
    });
  return products;
}

} // namespace bakery
