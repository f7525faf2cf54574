"What the theme's pages lack or have too much of, mended in the built HTML."
import re

# The icons are drawn by icons.css; only the search page searches.
NOT_NEEDED = re.compile(r'\s*<(?:script|link)[^>]*(?:fontawesome\.js|/searchtools\.js|/language_data\.js|searchindex\.js)[^>]*>(?:</script>)?')
ARTICLE = '<article class="bd-article">'


def lighter(html):
    "A page without the scripts that it does not use."
    return html if 'id="search-results"' in html else NOT_NEEDED.sub('', html)


def skips_to_content(html):
    "A page whose link for the keyboard leads past the header, to the text."
    if ARTICLE not in html: return html
    html = html.replace('<a href="#main-content">', '<a href="#content">')
    return html.replace(ARTICLE, ARTICLE.replace('>', ' id="content" tabindex="-1">'))


def polish(folder):
    "Mend all pages of a built site; a page that was mended before stays as it is."
    for path in folder.rglob('*.html'):
        if {'_static', 'live', 'slides'} & {*path.relative_to(folder).parts}: continue
        html = path.read_text(encoding='utf-8')
        better = skips_to_content(lighter(html))
        if better != html: path.write_text(better, encoding='utf-8')
