"Check a built site: every internal link, image, script and anchor must exist. Prints those that do not; exit code 1."
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    "Links and anchors of a page."
    def __init__(self, path):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(path.read_text(encoding='utf-8'))
    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == 'id' or (tag == 'a' and name == 'name'): self.ids.add(value)
            if name in ('href', 'src') and value: self.links.append(value)


def broken(site):
    "(page, link) for each internal link that leads nowhere."
    pages = {p.resolve(): Page(p) for p in Path(site).resolve().rglob('*.html') if not {'_static', 'slides'} & {*p.parts}}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc: continue
            target = (path.parent/unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir(): target /= 'index.html'
            anchor = unquote(parts.fragment)
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].ids): yield path, link


if __name__ == '__main__':
    found = list(broken(sys.argv[1]))
    for path, link in found: print(f'{path}: {link} leads nowhere')
    sys.exit(bool(found))
