// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/catalogue.hpp"

#include <string>
#include <string_view>

namespace bakery {

/// The text as it may stand in HTML, also within quotes.
std::string html_escaped(std::string_view text);

/// The page index.html: every name with its newest version. It is whole in itself, without scripts
/// or anything loaded from elsewhere, and its links also work where a browser opens it as a file.
std::string catalogue_page(const Catalogue &catalogue, const Site &site);

/// The page extensions/NAME.html: how to install it, and every version with its files.
std::string extension_page(const OfferedName &offered, const Site &site);

} // namespace bakery
