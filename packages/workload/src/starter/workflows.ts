/** A workflow of GitHub Actions that judges the profiles of a change. */
export function gitHubWorkflow(runtime: string): string {
  return `name: seccomp profiles
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  callgate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          # The change is held against its base.
          fetch-depth: 0
      # OWNER is where callgate's repository lives, REVISION a tag or commit of it.
      - uses: OWNER/callgate@REVISION
        with:
          profiles: profiles/
          runtime: ${runtime}
          config: callgate.config.yaml
`;
}

/** A pipeline of GitLab that judges every profile, and what a merge request loosens. */
export function gitLabWorkflow(): string {
  return `# callgate is taken from npm, or from your own registry: see callgate's page on CI.
seccomp profiles:
  image: node:22
  variables:
    GIT_DEPTH: "0"
  script:
    - npx --yes callgate lint profiles/ --format gitlab -o callgate.json
    - |
      if [ -n "\${CI_MERGE_REQUEST_DIFF_BASE_SHA:-}" ]; then
        npx --yes callgate gate "git:$CI_MERGE_REQUEST_DIFF_BASE_SHA:profiles" profiles
      fi
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  artifacts:
    when: always
    reports:
      codequality: callgate.json
`;
}
