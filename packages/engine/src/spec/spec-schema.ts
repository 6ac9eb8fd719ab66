import * as v from 'valibot';

/** What a test can run on, beside this machine itself. */
export const SPEC_ENGINES = ['host', 'docker', 'podman', 'containerd', 'runc', 'crun'] as const;
export type SpecEngine = (typeof SPEC_ENGINES)[number];

const MOST_CHECKS = 500;
const MOST_WORDS = 1000;
const DURATION = /^(\d{1,6})(ms|s|m)$/;
const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

const text = v.pipe(v.string(), v.nonEmpty('is empty'), v.maxLength(4096, 'is too long'));
const words = v.pipe(v.array(v.string()), v.maxLength(MOST_WORDS, `has more than ${MOST_WORDS} words`));
const port = v.pipe(
  v.number(),
  v.integer('is no port'),
  v.minValue(1, 'is no port'),
  v.maxValue(65535, 'is no port'),
);
const status = v.pipe(
  v.number(),
  v.integer('is no exit status'),
  v.minValue(0, 'is no exit status'),
  v.maxValue(255, 'is no exit status'),
);
const duration = v.pipe(
  v.string(),
  v.regex(DURATION, 'is no duration such as 500ms, 10s or 2m'),
  v.transform((said) => {
    const [, count, unit] = DURATION.exec(said)!;
    return Number(count) * MS_OF_UNIT[unit];
  }),
);
const name = v.optional(v.pipe(text, v.description('How it is called in the report.')));
const within = v.optional(
  v.pipe(duration, v.description('It is tried again until it holds, for so long, such as 10s.')),
);
const http = v.pipe(
  text,
  v.regex(/^http:\/\//, 'is no address that begins with http://'),
  v.description('A page that is fetched, from inside where that can be, such as "http://127.0.0.1:80/".'),
);
const tcp = v.pipe(port, v.description('A port that takes connections.'));
const run = v.pipe(
  words,
  v.minLength(1, 'is empty'),
  v.description('A command that is run inside, with its arguments, without a shell.'),
);
const output = v.optional(v.pipe(v.string(), v.description('Stands in what it writes.')));

/** One thing that must hold before anything is checked. */
const ready = v.strictObject({
  http: v.optional(http),
  tcp: v.optional(tcp),
  run: v.optional(run),
  log: v.optional(v.pipe(text, v.description('Stands in what the container writes.'))),
  within,
});

const functionCheck = v.strictObject({
  name,
  http: v.optional(http),
  status: v.optional(
    v.pipe(v.number(), v.integer('is no status of HTTP'), v.description('That of the page (default: 200).')),
  ),
  body: v.optional(v.pipe(v.string(), v.description('Stands in the page.'))),
  tcp: v.optional(tcp),
  run: v.optional(run),
  exit: v.optional(v.pipe(status, v.description('How the command ends (default: 0).'))),
  output,
  log: v.optional(v.pipe(text, v.description('Stands in what the container writes.'))),
  health: v.optional(v.pipe(v.literal(true), v.description("The image's own health check passes."))),
  alive: v.optional(v.pipe(duration, v.description('It still runs after that time.'))),
  ends: v.optional(v.pipe(status, v.description('The container ends by itself, with that status.'))),
  within,
});

const securityCheck = v.strictObject({
  name,
  attack: v.optional(
    v.pipe(text, v.description('An attack by its name; every call that has its effect is tried.')),
  ),
  category: v.optional(v.pipe(text, v.description('Every attack of that category.'))),
  call: v.optional(v.pipe(text, v.description('A call that is really made, such as "mkdir(0x1, 0o755)".'))),
  expect: v.optional(
    v.pipe(v.picklist(['denied', 'allowed']), v.description('What becomes of the call (default: denied).')),
  ),
  default: v.optional(
    v.pipe(
      text,
      v.description(
        'Nothing passes that is denied by the default of that runtime: docker, podman, containerd.',
      ),
    ),
  ),
});

/** The document. */
export const specSchema = v.strictObject({
  $schema: v.optional(v.string()),
  engine: v.optional(v.pipe(v.picklist(SPEC_ENGINES), v.description('What starts it; --engine wins.'))),
  image: v.optional(v.pipe(text, v.description('An image that the engine has.'))),
  rootfs: v.optional(
    v.pipe(text, v.description('The folder of a root file system, for runc, crun and containerd.')),
  ),
  profile: v.optional(
    v.pipe(text, v.description('From the folder of this file, or stock:docker; --profile wins.')),
  ),
  options: v.optional(
    v.pipe(words, v.description('Options of the engine\'s "run", such as ["--cap-add", "NET_ADMIN"].')),
  ),
  entrypoint: v.optional(v.pipe(text, v.description("Runs instead of the image's entry point."))),
  command: v.optional(v.pipe(words, v.description("Runs instead of the image's command."))),
  ready: v.optional(v.pipe(ready, v.description('What holds as soon as it can be checked.'))),
  functions: v.optional(
    v.pipe(
      v.array(functionCheck),
      v.maxLength(MOST_CHECKS, `has more than ${MOST_CHECKS}`),
      v.description('What must work.'),
    ),
  ),
  security: v.optional(
    v.pipe(
      v.array(securityCheck),
      v.maxLength(MOST_CHECKS, `has more than ${MOST_CHECKS}`),
      v.description('What must not.'),
    ),
  ),
});

/** The keys that the document has, and those of what is in it. */
export const SPEC_KEYS: Readonly<Record<string, readonly string[]>> = {
  document: Object.keys(specSchema.entries),
  ready: Object.keys(ready.entries),
  functions: Object.keys(functionCheck.entries),
  security: Object.keys(securityCheck.entries),
};

/** What each kind of entry takes beside the key that makes it one. */
export const KINDS: Readonly<
  Record<'ready' | 'functions' | 'security', Readonly<Record<string, readonly string[]>>>
> = {
  ready: { http: ['within'], tcp: ['within'], run: ['within'], log: ['within'] },
  functions: {
    http: ['status', 'body', 'within'],
    tcp: ['within'],
    run: ['exit', 'output', 'within'],
    log: ['within'],
    health: ['within'],
    alive: [],
    ends: ['output', 'within'],
  },
  security: { attack: [], category: [], call: ['expect'], default: [] },
};

export type WrittenSpec = v.InferOutput<typeof specSchema>;
export type WrittenFunction = v.InferOutput<typeof functionCheck>;
export type WrittenSecurity = v.InferOutput<typeof securityCheck>;
