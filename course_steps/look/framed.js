// In a frame: light or dark as the page around says. A piece says how high it is.

addEventListener('message', e => {
  if (e.source === parent && ['light', 'dark'].includes(e.data?.theme)) document.documentElement.dataset.theme = e.data.theme
})
if (parent !== window && document.body.classList.contains('piece'))
  new ResizeObserver(() => parent.postMessage({height: document.documentElement.offsetHeight + 4}, '*')).observe(document.documentElement)
