// SPDX-License-Identifier: Apache-2.0
#include "bakery/catalogue_page.hpp"

#include "bakery/definition_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace bakery {

namespace {

// Without scripts, and with nothing from elsewhere: what a signed repository shows is its own.
constexpr const char *head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{}</title>
<style>
:root {{ color-scheme: light dark; --line: #8884; --dim: #666; --mark: #2a6f97; }}
@media (prefers-color-scheme: dark) {{ :root {{ --dim: #a0a0a0; --mark: #7cc4ea; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 0 auto; padding: 1.5rem; }}
h1 {{ margin: 0 0 .25rem; font-size: min(2rem, 7vw); line-height: 1.2; }}
h2 {{ margin: 2rem 0 .5rem; font-size: 1.15rem; }}
a {{ color: var(--mark); }}
p.about {{ color: var(--dim); margin: 0 0 1.5rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }}
th {{ font-weight: 600; color: var(--dim); font-size: .85rem; }}
td.number, th.number {{ text-align: right; white-space: nowrap; }}
td.date {{ white-space: nowrap; }}
td + td, p, h1 {{ overflow-wrap: anywhere; }}
@media (max-width: 44rem) {{ .spare {{ display: none; }} }}
code, pre {{ font: .85rem/1.45 ui-monospace, monospace; }}
pre {{ padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .4rem; overflow-x: auto; }}
code.hash {{ color: var(--dim); word-break: break-all; }}
footer {{ margin-top: 2.5rem; color: var(--dim); font-size: .85rem; }}
</style>
</head>
<body>
)";

std::string start_of_page(const std::string &title)
{
  return fmt::format(fmt::runtime(head), html_escaped(title));
}

std::string day_of(const std::optional<std::chrono::sys_seconds> &time)
{
  constexpr std::size_t length = std::string_view("2026-05-01").size();
  return time ? verity::text_of(*time).substr(0, length) : "";
}

/// "12.3 MiB"
std::string size_text(std::uint64_t bytes)
{
  constexpr std::array units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  constexpr double step = 1024;
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= step && unit + 1 < units.size()) {
    size /= step;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} {}", bytes, units[0])
                   : fmt::format("{:.1f} {}", size, units.at(unit));
}

std::string shown_architecture(const std::string &architecture)
{
  return architecture.empty() ? "any" : architecture;
}

std::string shown_architectures(const OfferedVersion &version)
{
  std::vector<std::string> shown;
  for (const std::string &each : architectures_of(version))
    shown.push_back(shown_architecture(each));
  return fmt::format("{}", fmt::join(shown, ", "));
}

/// Who made the page, and until when what it shows counts. It says nothing that changes with each
/// publication but what concerns the whole repository, so that it stands on the first page only.
std::string repository_footer(const Site &site)
{
  std::string text = fmt::format("<footer>\n<p>Index {} of {}; counts until {}. ",
                                 site.sequence,
                                 day_of(site.issued),
                                 day_of(site.expires));
  text += "Signed: <a href=\"manifest.json\">manifest.json</a> "
          "(<a href=\"manifest.json.minisig\">minisign</a>)";
  if (site.is_signed_by_openpgp())
    text += ", <a href=\"SHA256SUMS\">SHA256SUMS</a> (<a href=\"SHA256SUMS.gpg\">OpenPGP</a>)";
  return text + ".</p>\n<p>This page itself is not signed; programs read the signed files, and so "
                "should whoever compares hashes.</p>\n</footer>\n</body>\n</html>\n";
}

std::string name_row(const OfferedName &offered)
{
  const OfferedVersion &newest = offered.versions.front();
  const OfferedFile &file = newest.files.front();
  return fmt::format("<tr><td><a href=\"extensions/{0}.html\">{0}</a></td><td>{1}</td><td>{2}</td>"
                     "<td class=\"spare\">{3}</td><td class=\"number spare\">{4}</td>"
                     "<td class=\"date spare\">{5}</td><td class=\"number spare\">{6}</td></tr>\n",
                     html_escaped(offered.name),
                     html_escaped(offered.description),
                     html_escaped(newest.version),
                     html_escaped(shown_architectures(newest)),
                     size_text(file.size),
                     day_of(newest.published),
                     offered.versions.size());
}

std::string file_row(const OfferedVersion &version, const OfferedFile &file)
{
  return fmt::format("<tr><td>{}</td><td><a href=\"../{}\">{}</a><br><code class=\"hash\">{}</code>"
                     "</td><td class=\"number\">{}</td><td class=\"date spare\">{}</td></tr>\n",
                     html_escaped(version.version),
                     html_escaped(file.name.file),
                     html_escaped(file.name.file),
                     verity::hex(file.sha256),
                     size_text(file.size),
                     day_of(version.published));
}

std::string links_to(const std::map<std::string, std::string> &files)
{
  std::vector<std::string> links;
  for (const auto &[name, text] : files)
    links.push_back(fmt::format("<a href=\"{0}\">{0}</a>", html_escaped(name)));
  return fmt::format("{}", fmt::join(links, ", "));
}

std::string install_section(const OfferedName &offered, const Site &site)
{
  const auto files = definition_files(offered, site);
  if (files.empty())
    return {};
  const std::string name = html_escaped(offered.name);
  const std::string url = html_escaped(site.url);
  std::string text = fmt::format("<h2>Install</h2>\n"
                                 "<pre>curl -fO {1}/minisign.pub\n"
                                 "strake ext install {0} --from={1} --trust=minisign.pub</pre>\n"
                                 "<p>The key is to be <code>{2}</code>; compare it with what its "
                                 "owner says elsewhere.</p>\n",
                                 name,
                                 url,
                                 html_escaped(site.minisign_key));
  if (site.is_signed_by_openpgp())
    text += fmt::format("<p>With systemd's own tools:</p>\n"
                        "<pre>mkdir -p /etc/sysupdate.{0}.d\n"
                        "curl -fo /etc/sysupdate.{0}.d/{0}.transfer {1}/extensions/{0}.transfer\n"
                        "curl -fo /etc/sysupdate.{0}.d/{0}.feature {1}/extensions/{0}.feature\n"
                        "curl -fo /etc/systemd/import-pubring.gpg {1}/import-pubring.gpg\n"
                        "systemd-sysupdate -C {0} update &amp;&amp; systemd-{2} refresh</pre>\n",
                        name,
                        url,
                        verity::name(offered.kind));
  return text + fmt::format("<p>Files: {}.</p>\n", links_to(files));
}

} // namespace

std::string html_escaped(std::string_view text)
{
  std::string escaped;
  for (const char each : text)
    switch (each) {
    case '&':
      escaped += "&amp;";
      break;
    case '<':
      escaped += "&lt;";
      break;
    case '>':
      escaped += "&gt;";
      break;
    case '"':
      escaped += "&quot;";
      break;
    case '\'':
      escaped += "&#39;";
      break;
    default:
      escaped += each;
    }
  return escaped;
}

std::string catalogue_page(const Catalogue &catalogue, const Site &site)
{
  std::string page = start_of_page(site.name);
  page += fmt::format("<h1>{}</h1>\n<p class=\"about\">{} names at <code>{}</code></p>\n",
                      html_escaped(site.name),
                      catalogue.size(),
                      html_escaped(site.url));
  page += "<table>\n<tr><th>Name</th><th>What it is</th><th>Newest</th><th class=\"spare\">For</th>"
          "<th class=\"number spare\">Size</th><th class=\"spare\">Published</th>"
          "<th class=\"number spare\">Versions</th></tr>\n";
  for (const OfferedName &offered : catalogue)
    page += name_row(offered);
  return page + "</table>\n" + repository_footer(site);
}

std::string extension_page(const OfferedName &offered, const Site &site)
{
  std::string page = start_of_page(fmt::format("{} in {}", offered.name, site.name));
  page += fmt::format("<p><a href=\"../index.html\">{}</a></p>\n<h1>{}</h1>\n"
                      "<p class=\"about\">{}</p>\n",
                      html_escaped(site.name),
                      html_escaped(offered.name),
                      html_escaped(offered.description));
  page += install_section(offered, site);
  page += "<h2>Versions</h2>\n<table>\n<tr><th>Version</th><th>File and SHA-256</th>"
          "<th class=\"number\">Size</th><th class=\"spare\">Published</th></tr>\n";
  for (const OfferedVersion &version : offered.versions)
    for (const OfferedFile &file : version.files)
      page += file_row(version, file);
  return page + "</table>\n</body>\n</html>\n";
}

} // namespace bakery
