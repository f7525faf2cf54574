// Around a page in a frame: where scripts run, it stands where the still picture was, as high as it says, light or dark as what is around it.
for (const figure of document.querySelectorAll('figure[data-key="@@KEY@@"]:not([data-live])')) {
  const frame = document.createElement('iframe'), still = figure.querySelector('img'), root = document.documentElement
  const theme = () => { // Sphinx and Colab say it on the root, Jupyter and VS Code on the body
    const {jpThemeLight, vscodeThemeKind} = document.body.dataset
    const said = root.dataset.theme ?? root.getAttribute('theme') ?? {true: 'light', false: 'dark'}[jpThemeLight] ?? vscodeThemeKind
    return said && (said.includes('dark') ? 'dark' : 'light')
  }
  const tell = () => frame.contentWindow?.postMessage({theme: theme()}, '*')
  addEventListener('message', e => {
    if (e.source === frame.contentWindow && e.data?.height > 0) frame.style.height = `${Math.min(4000, e.data.height)}px`
  })
  frame.addEventListener('load', tell)
  new MutationObserver(tell).observe(root, {attributeFilter: ['data-theme', 'theme']})
  Object.assign(frame, {title: still.alt, loading: 'lazy', ...@@PAGE@@})
  frame.style.cssText = 'width:100%;border:0;height:@@HEIGHT@@;color-scheme:normal'
  figure.dataset.live = ''
  still.replaceWith(frame)
}
