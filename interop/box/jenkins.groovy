// Runs Jenkinsfiles without Jenkins, as far as these use it: pipeline, stages, steps and post, and for each step what a
// build would make of it. `sh(returnStatus: true)` answers with the next of the given exit codes and starts nothing.
//
// Arguments: file=code,code,... each. Output: for each a line of the result, how often gate ran, which stages were
// reached, and which steps kept its reports, with tabs between them.
//
// Sources: Jenkins' documentation, "Pipeline Syntax" (declarative: stages after a failure are skipped, an unstable one
// stops none; `post { always }` runs whatever happened) and "Pipeline: Basic Steps" (error, retry, unstable).

abstract class Pipeline extends Script {
  List<Integer> codes = []
  int calls = 0
  String result = 'SUCCESS'
  List<String> reached = []
  Set<String> kept = new TreeSet<String>()
  Map<String, String> env = [GIT_COMMIT: '1' * 40]
  Closure wanted, afterwards

  // Methods, because a script keeps what is assigned to it from outside in its binding.
  void answer(List<Integer> given) { codes = given }
  String summary() { [result, calls, reached.join(','), kept.join(',')].join('\t') }

  String getAny() { 'any' }

  void pipeline(Closure body) { body() }
  void agent(Object anything) { }
  void environment(Closure body) {
    body.delegate = new Variables(env)
    body.resolveStrategy = Closure.DELEGATE_FIRST
    body()
  }
  void stages(Closure body) { body() }
  void stage(String name, Closure body) {
    if (result == 'FAILURE') { return }
    reached << name
    wanted = afterwards = null
    body()
    Closure after = afterwards
    try {
      wanted.call()
    } catch (Stopped stopped) {
      result = 'FAILURE'
    }
    if (after != null) { after.call() }
  }
  void steps(Closure body) { wanted = body }
  void post(Closure body) { afterwards = body }
  void always(Closure body) { body() }

  void script(Closure body) { body() }
  void withCredentials(List credentials, Closure body) { body() }
  Object file(Map how) { how }
  Object sarif(Map how) { how }
  int sh(Map how) {
    assert how.returnStatus == true
    codes[calls++]
  }
  void sh(String script) { }
  void sleep(Map how) { }
  void retry(Map how, Closure body) {
    for (int attempt = 1; ; attempt++) {
      try {
        body()
        return
      } catch (Stopped stopped) {
        if (attempt == how.count) { throw stopped }
      }
    }
  }
  void error(Object message) { throw new Stopped(message.toString()) }
  void unstable(String message) { if (result == 'SUCCESS') { result = 'UNSTABLE' } }
  void junit(Map how) {
    assert how.skipMarkingBuildUnstable == true
    kept << 'junit'
  }
  void recordIssues(Map how) {
    assert how.enabledForFailure == true
    kept << 'recordIssues'
  }
  void archiveArtifacts(Map how) { kept << 'archiveArtifacts' }
}

class Stopped extends Exception {
  Stopped(String message) { super(message) }
}

class Variables {
  private final Map<String, String> env
  Variables(Map<String, String> env) { this.env = env }
  void setProperty(String name, Object value) { env[name] = value.toString() }
  Object getProperty(String name) { throw new MissingPropertyException(name, Variables) }
}

def configuration = new org.codehaus.groovy.control.CompilerConfiguration(scriptBaseClass: Pipeline.name)
def shell = new GroovyShell(getClass().classLoader, new Binding(), configuration)
for (argument in args) {
  def (path, codes) = argument.tokenize('=')
  def build = shell.parse(new File(path).text, 'Jenkinsfile')
  build.answer(codes.tokenize(',').collect { it as int })
  build.run()
  println(build.summary())
}
