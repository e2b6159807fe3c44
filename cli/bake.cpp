// SPDX-License-Identifier: Apache-2.0
#include "bakery/bake.hpp"

#include "bakery/watch.hpp"
#include "base/error.hpp"
#include "cli/bakery_verbs.hpp"
#include "cli/table.hpp"

namespace cli {

namespace {

using base::Kind;

std::string read_pem(const char *option, const std::string &path)
{
  const auto text = base::Dir::open_root("/").text(path);
  if (!text)
    base::fail(Kind::not_found, "there is no file {}, which --{}= names", path, option);
  return *text;
}

void check_signing(const BakeryOptions &options)
{
  if (!options.key.empty() && options.certificate.empty())
    base::fail(Kind::usage, "--key= needs --certificate=, by which the signature is found good");
  if (options.attach && options.certificate.empty())
    base::fail(Kind::usage, "--attach needs --certificate=, which the signatures have to be of");
  if (options.attach && !options.key.empty())
    base::fail(Kind::usage, "--attach is for signatures made elsewhere, so it takes no --key=");
  if (!options.certificate.empty() && options.key.empty() && !options.attach)
    base::fail(Kind::usage, "--certificate= goes with --key= or --attach");
  if (static_cast<int>(options.attach) + static_cast<int>(options.check) +
          static_cast<int>(options.dry_run) >
      1)
    base::fail(Kind::usage, "only one of --attach, --check and --dry-run can be done");
  if (options.watch && (options.attach || options.dry_run))
    base::fail(Kind::usage, "--watch goes with baking, and with --check");
}

bakery::Work work_of(const BakeryOptions &options)
{
  if (options.attach)
    return bakery::Work::attach;
  if (options.check)
    return bakery::Work::check;
  return options.dry_run ? bakery::Work::tell : bakery::Work::bake;
}

bakery::BakeRequest request_of(const BakeryOptions &options)
{
  if (options.output.empty())
    base::fail(Kind::usage, "--output= has to say where the images go");
  check_signing(options);
  bakery::BakeRequest request{.recipe = {},
                              .output = options.output,
                              .store = options.sources.empty() ? options.output + "/.sources"
                                                               : options.sources,
                              .base = options.base,
                              .work = work_of(options)};
  if (!options.certificate.empty())
    request.certificate = read_pem("certificate", options.certificate);
  if (!options.key.empty())
    request.signer = {.key_pem = read_pem("key", options.key),
                      .certificate_pem = request.certificate};
  return request;
}

Value product_value(const bakery::Product &product)
{
  Value value{
      {"name", product.name}, {"outcome", bakery::name(product.outcome)}, {"path", product.path}};
  if (product.made.sha256.empty())
    return value;
  value["size"] = product.made.size;
  value["sha256"] = product.made.sha256;
  if (product.made.root_hash)
    value["rootHash"] = verity::hex(*product.made.root_hash);
  if (product.made.signer)
    value["signer"] = verity::hex(*product.made.signer);
  if (product.outcome == bakery::Outcome::baked)
    value["findings"] = findings_value(product.findings);
  return value;
}

void print_products(const BakeryCall &call, const std::vector<bakery::Product> &products)
{
  if (call.wants_json()) {
    Value list = Value::array();
    for (const bakery::Product &product : products)
      list.push_back(product_value(product));
    return call.print(json_text({{"images", std::move(list)}}, call.options.json));
  }
  Table table({{"IMAGE"}, {"OUTCOME"}, {"SIZE", Align::right}, {"SHA256"}});
  for (const bakery::Product &product : products)
    table.add({product.name,
               std::string(bakery::name(product.outcome)),
               product.made.sha256.empty() ? "" : std::to_string(product.made.size),
               product.made.sha256});
  if (!table.empty())
    call.print(table.text(call.options.legend ? Table::Header::yes : Table::Header::no));
}

std::vector<std::string> recipes_of(const BakeryOptions &options)
{
  std::vector<std::string> recipes;
  for (const std::string &recipe : options.arguments)
    recipes.push_back(path_value("recipe", recipe));
  return recipes;
}

/// Bakes each recipe; one that fails is said to, and does not keep the others from being baked. The
/// exit status of the first failure, or 0.
int bake_all(const BakeryCall &call,
             bakery::BakeRequest &request,
             const std::vector<std::string> &recipes)
{
  int status = 0;
  std::vector<bakery::Product> products;
  for (const std::string &recipe : recipes) {
    request.recipe = recipe;
    try {
      for (bakery::Product &product : bakery::bake(call.host, request))
        products.push_back(std::move(product));
    } catch (const base::Error &error) {
      call.host.log(base::Level::error, error.what());
      status = status == 0 ? base::exit_code(error.kind()) : status;
    }
  }
  for (const bakery::Product &product : products)
    for (const bakery::Finding &finding : product.findings)
      if (finding.allowed.empty())
        call.host.say(base::Level::warning, "{}: {}", product.name, bakery::described(finding));
  print_products(call, products);
  return status;
}

/// Until it is interrupted. A recipe that is wrong is said to be, and baked when it is right.
[[noreturn]] void bake_and_watch(const BakeryCall &call,
                                 bakery::BakeRequest &request,
                                 const std::vector<std::string> &recipes)
{
  for (;;) {
    const std::string seen = bakery::glance_at(recipes);
    (void)bake_all(call, request, recipes); // which has said what failed
    bakery::wait_for_change(call.host.clock, recipes, seen);
  }
}

} // namespace

int bake(const BakeryCall &call)
{
  bakery::BakeRequest request = request_of(call.options);
  const std::vector<std::string> recipes = recipes_of(call.options);
  if (call.options.watch)
    bake_and_watch(call, request, recipes);
  return bake_all(call, request, recipes);
}

} // namespace cli
