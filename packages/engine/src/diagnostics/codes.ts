/** Every kind of fault that callgate reports. Each has a page of its own in docs/diagnostics, written from here. */
export const DIAGNOSTIC_CODES = {
  unreadable: 'The file cannot be read: it does not exist, is a folder, or its permissions forbid it.',
  'too-large': 'The document is longer than any profile needs to be, so it is not read at all.',
  'not-utf8': 'The document holds bytes that are not UTF-8. Profiles are JSON or YAML text.',
  'json-syntax': 'The document is not JSON as RFC 8259 defines it, so no runtime will read it.',
  'yaml-syntax': 'The document is not YAML.',
  'too-deep': 'The document nests deeper than 64 levels. A profile needs six.',
  'lone-surrogate': 'A string holds half of a UTF-16 surrogate pair, which no encoding can write.',
  'duplicate-key':
    'An object has the same key twice. Runtimes silently take one of them, not all the same one.',
  'wrong-type': 'A value has another JSON type than the OCI runtime specification gives that key.',
  'missing-key': 'A key is missing that a profile cannot do without.',
  'several-profiles':
    'The text holds several profiles, such as a ConfigMap with several keys or a file with several documents. One of them has to be named (on the command line: FILE#NAME).',
  'names-profile':
    'The document, such as a pod or a compose file, says which profile is used but does not hold it. Read the file of that name.',
  'no-filter':
    'An empty object is no filter. runc, Docker and Podman load none from it, so that every call is allowed; crun refuses it.',
  'base-profile':
    'The resource of the Security Profiles Operator names a base profile. The operator joins both, so that more is allowed in the cluster than this file says.',
  'unknown-key': 'No runtime reads this key, so what it says has no effect.',
  'wrong-case-key':
    'The key is spelled in another case. Runtimes written in Go read it all the same, crun ignores it.',
  'unknown-action': 'The action is none of those that libseccomp knows; the runtime refuses the profile.',
  'unknown-operator':
    'The comparison is none of those that libseccomp knows; the runtime refuses the profile.',
  'unknown-architecture': 'The architecture is none of those that libseccomp knows; the runtime refuses it.',
  'unknown-flag': 'The flag is none that runtimes take; the runtime refuses the profile.',
  'flags-refused': 'This release of the runtime does not know the key `flags` yet and refuses the profile.',
  'kernel-too-old':
    'The kernel that the profile is for is older than an action or a flag that it uses, so the runtime or the kernel refuses the filter, unless the distribution has carried it into its kernel. Nothing is said of other kernels: name the one that is meant (on the command line: --kernel).',
  'unknown-syscall':
    'No architecture has a system call of this name. Runtimes skip the name silently, so a typing error takes the call out of the rule. It can be skipped on purpose, as they do (on the command line: --allow-unknown).',
  'libseccomp-skips':
    'The libseccomp that the profile is for does not know these names yet. The runtime skips them without a word, so the calls get the default action there.',
  'unknown-capability': 'Linux has no capability of this name, so the condition can never be met.',
  'bad-number': 'The number is not a plain decimal integer in the range that the key takes.',
  'bad-errno': 'The errno lies outside what libseccomp takes (0 to 4094), or is no number.',
  'bad-argument-index': 'System calls have six arguments, counted from 0 to 5.',
  'bad-kernel-version': 'minKernel is a kernel release as "K.M", such as "4.8".',
  'name-and-names': 'A rule has both `name` and `names`. Docker refuses it: use `names`.',
  'no-names': 'The rule names no system call.',
  'architectures-and-archmap': 'A document has both `architectures` and `archMap`. Docker refuses it.',
  'mixed-endian':
    'Big-endian and little-endian architectures cannot share one filter; libseccomp refuses it.',
  'notify-default': 'SCMP_ACT_NOTIFY cannot be the default action: the process could not even start.',
  'notify-write': 'SCMP_ACT_NOTIFY cannot be given for `write`: the runtime itself needs it.',
  'notify-without-listener': 'A rule with SCMP_ACT_NOTIFY needs a `listenerPath`: nobody would answer.',
  'errno-ignored': 'The errno stands beside an action that returns none, so the runtime ignores it.',
  'errno-refused':
    'The errno stands beside an action that returns none, and this runtime refuses such a profile. Remove it.',
  'unknown-errno': 'There is no errno of this name, so Podman refuses the profile.',
  'key-ignored':
    'Another runtime reads this key; this one drops it without a word, so the file means something else here.',
  'errno-wrapped': 'The runtime keeps only 16 bits of the errno, so another one is returned than is written.',
  'rule-conflict':
    'Two rules give the same conditions different actions; libseccomp refuses the second and the container does not start. It also refuses a rule whose last condition is GT, GE, LT, LE or NE, where an earlier rule with more conditions and another action has the same upper 32 bits there: libseccomp keeps one test for both.',
  'rule-dropped': 'An earlier rule already decides every call that this one describes, so it has no effect.',
  'rule-overridden': 'A later rule without conditions replaces this one.',
  'rule-shadowed':
    'Other rules, which libseccomp asks first, decide every call that this one describes, so it has no effect.',
  'rules-overlap':
    'Two rules with different actions describe the same calls, so which one wins depends on the order in which libseccomp asks them. The strict dialect refuses that.',
  'rule-equals-default': 'The rule says what the default action says already, so the runtime leaves it out.',
  'conditions-split':
    'Two conditions on one argument make the runtime turn EVERY condition of the rule into a rule of its own: they are ORed, not ANDed.',
  'mask-drops-bits':
    'valueTwo has bits that the mask in value leaves out. They are dropped: the condition is met by more calls than it seems.',
  'mask-empty': 'A mask of 0 keeps no bit, so the condition holds for every call.',
  'condition-never-holds':
    'No value meets the condition, such as one below 0: the rule has no effect, or none on ABIs with 32-bit arguments.',
  'value-cut':
    'On ABIs with 32-bit arguments only the low 32 bits of the value are compared, so the condition is met by other calls there.',
  'condition-overwritten':
    'On this architecture the call goes through a multiplexer whose sub-call number takes the place of the condition on argument 0.',
  'absent-everywhere': 'None of the architectures in use has this call, so the rule does nothing.',
  'too-complex':
    'The profile has so many rules and conditions that no runtime would take its filter; callgate stops before they fill the memory.',
  'list-syntax':
    'The text is a list of another sandbox, such as LXC or minijail, and this part of it is not written as that sandbox reads it.',
  'list-ignored':
    'The sandbox whose list this is passes over this part of it without a fault, so it has no effect.',
  'list-elsewhere':
    'The list names what it does not hold, such as an included file, a user, or a setting for which the sandbox loads a filter of its own. What that adds is not part of the profile.',
  'list-inexpressible':
    'The list says something that a profile in OCI form cannot say. An error stands where the rest would mean something else without it.',
  'not-a-recording': 'The document is not a recording that callgate wrote.',
  'carrier-limit':
    'What the profile is to be carried in, such as a custom resource or an OCI artifact, cannot hold this in any way, so what arrives would mean something else. Convert it to another carrier, or change the profile as the message says.',
  'bad-artifact':
    'The OCI artifact is not what runtimes take for a profile: it has another kind, several layers, more than 1 MiB, or a blob that is not what its digest says.',
  'bad-config':
    'The configuration says something that there is not: a key, a code of a finding, a call or a date. Nothing is judged by half of it.',
  'bad-spec':
    'The spec of a test says something that there is not: a key, an attack, a call or a duration, or an entry says two things at once. Nothing is tested by half of it.',
} as const;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;
