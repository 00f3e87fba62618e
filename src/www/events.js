// events - what changes on the server, told or asked for
//
// The server tells which types have changed (RFC 8620 section 7.3).  Where it
// does not, because a proxy keeps what it gets or there are too many listeners,
// it is asked every half minute.  A tab that nobody sees does neither: browsers
// open six connections to a host, and all tabs share them.
const PING_SECS = 30;
const SILENT_MS = 75 * 1000; // no event and no ping: somebody keeps them
const POLL_MS = 30 * 1000;
const GATHER_MS = 5 * 1000; // counters change every second
const STATES = {
  "x:TlsInternalReport": "sysTlsInternalReportGet",
  "tally:SentReport": "tallyRead",
  "tally:Suppression": "tallyRead",
  "tally:Domain": "tallyRead",
  "tally:Inbound": "tallyRead",
};

const pause = (ms, signal) => new Promise((done) => {
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    done();
  };
  const timer = setTimeout(end, ms);

  signal.addEventListener("abort", end);
});

const seen = (signal) => new Promise((done) => {
  if (!document.hidden)
    return done();
  const look = () => {
    if (document.hidden && !signal.aborted)
      return;
    document.removeEventListener("visibilitychange", look);
    signal.removeEventListener("abort", look);
    done();
  };

  document.addEventListener("visibilitychange", look);
  signal.addEventListener("abort", look);
});

/** Calls changed() with a Set of types, until signal. */
export async function follow(client, changed, signal) {
  const gathered = new Set();
  let timer = null;
  let states = null;

  const tell = (types) => {
    types.forEach((type) => gathered.add(type));
    if (gathered.size > 0)
      timer ??= setTimeout(() => {
        timer = null;
        if (!signal.aborted)
          changed(new Set(gathered));
        gathered.clear();
      }, GATHER_MS);
  };

  async function listen() {
    const mine = new AbortController();
    const stop = () => mine.abort();
    const hide = () => document.hidden && stop();
    let late = setTimeout(stop, SILENT_MS);

    signal.addEventListener("abort", stop);
    document.addEventListener("visibilitychange", hide);
    try {
      await client.events(PING_SECS, ({event, data}) => {
        clearTimeout(late);
        late = setTimeout(stop, SILENT_MS);
        if (event === "state")
          tell(Object.keys(data.changed[client.account] ?? {}));
      }, mine.signal);
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", stop);
      document.removeEventListener("visibilitychange", hide);
    }
  }

  async function poll() {
    const types = Object.keys(STATES).filter((type) =>
      client.may(STATES[type]));
    const got = await client.call(types.map((type) =>
      [`${type}/get`, {ids: []}]), {signal});
    const now = Object.fromEntries(types.map((type, i) =>
      [type, got[i].state]));

    if (states)
      tell(types.filter((type) => states[type] !== now[type]));
    states = now;
  }

  while (!signal.aborted) {
    await seen(signal);
    try {
      await poll();
      await listen();
    } catch {
      // what is wrong shows itself where somebody asks for something
    }
    await pause(POLL_MS, signal);
  }
}
