// SPDX-License-Identifier: Apache-2.0
#include "cli/bakery_verbs.hpp"

#include "bakery/bake.hpp"
#include "base/error.hpp"
#include "cli/table.hpp"

#include <algorithm>

namespace cli {

namespace {

using base::Kind;

// clang-format off
const std::vector<BakeryVerb> verbs = {
    {"bake", "RECIPE…", 1, "Make extension images of recipes", "strake-bake(1)", bake},
    {"lint", "FILE…", 1, "Say what is wrong with extension images", "strake-bake(1)", lint},
    {"publish", "[DIR…]", 0, "Publish images in a signed repository", "strake-publish(1)", publish},
    {"promote", "NAME VERSION", 2, "Offer a tested candidate to everybody", "strake-publish(1)", promote},
    {"withdraw", "NAME VERSION", 2, "Offer a version to nobody any more", "strake-publish(1)", withdraw},
};
// clang-format on

const BakeryVerb &verb_of(const std::string &word)
{
  return *std::find_if(
      verbs.begin(), verbs.end(), [&](const BakeryVerb &verb) { return word == verb.name; });
}

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
  call.print(table.text(call.options.legend ? Table::Header::yes : Table::Header::no));
}

} // namespace

const std::vector<BakeryVerb> &bakery_verb_table()
{
  return verbs;
}

bool is_bakery_verb(const std::string &word)
{
  return std::any_of(
      verbs.begin(), verbs.end(), [&](const BakeryVerb &verb) { return word == verb.name; });
}

int run_bakery_verb(const base::Host &host, const BakeryOptions &options, const Output &output)
{
  const BakeryVerb &verb = verb_of(options.verb);
  if (options.arguments.size() < verb.least)
    base::fail(Kind::usage, "Too few arguments: {} {}", verb.name, verb.arguments);
  return verb.run({host, options, output});
}

int bake(const BakeryCall &call)
{
  bakery::BakeRequest request = request_of(call.options);
  std::vector<bakery::Product> products;
  for (const std::string &recipe : call.options.arguments) {
    request.recipe = path_value("recipe", recipe);
    for (bakery::Product &product : bakery::bake(call.host, request))
      products.push_back(std::move(product));
  }
  for (const bakery::Product &product : products)
    for (const bakery::Finding &finding : product.findings)
      if (finding.allowed.empty())
        call.host.say(base::Level::warning, "{}: {}", product.name, bakery::described(finding));
  print_products(call, products);
  return 0;
}

std::string bakery_help_text(const BakeryOptions &options)
{
  constexpr std::size_t column = 28;
  const auto entry = [&](std::string left, const char *right) {
    left.resize(std::max(left.size() + 1, column), ' ');
    return left + right + "\n";
  };
  const BakeryVerb &verb = verb_of(options.verb);
  std::string text = fmt::format(
      "strake {} [OPTION…] {}\n\n{}.\n\nOptions:\n", verb.name, verb.arguments, verb.help);
  for (const BakeryOptionRow &row : bakery_option_table()) {
    const std::string verbs_of_row = fmt::format(" {} ", row.verbs);
    if (*row.verbs != '\0' &&
        verbs_of_row.find(fmt::format(" {} ", verb.name)) == std::string::npos)
      continue;
    const std::string letter = row.letter != 0 ? fmt::format("-{},", row.letter) : "   ";
    const std::string value = row.argument != nullptr ? fmt::format("={}", row.argument) : "";
    text += entry(fmt::format("  {} --{}{}", letter, row.name, value), row.help);
  }
  return text + fmt::format("\nSee {} for details.\n", verb.page);
}

} // namespace cli
