// @ts-check
/** A page without an origin, in a sandboxed frame or on a disk, may load no module from its folder. It hands over to the single file. */
if (origin === "null" && /^(https?|file):/.test(location.href))
  location.replace(`${location.href.replace(/[^/]*([?#].*)?$/, "")}lab.html${location.search}${location.hash}`);
