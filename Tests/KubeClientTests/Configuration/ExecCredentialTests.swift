import Foundation
import KubeClient
import Testing

@Suite struct ExecCredentialTests {
    private let fixture: CredentialFixture
    private let group = "client.authentication.k8s.io"

    init() throws {
        fixture = try CredentialFixture()
    }

    /// A kubeconfig user whose plugin is a shell script in the same folder.
    private func source(
        _ script: String, fields: String = "", cluster: String = "server: https://one", user: String = ""
    ) throws -> any CredentialSource {
        try fixture.write("bin/plugin", "#!/bin/sh\n" + script, executable: true)
        let text = """
            current-context: c
            clusters: [{name: one, cluster: {\(cluster)}}]
            contexts: [{name: c, context: {cluster: one, user: u}}]
            users:
            - name: u
              user: {\(user)exec: {apiVersion: \(group)/v1, command: ./bin/plugin, interactiveMode: Never\(fields)}}
            """
        return try ClusterConfiguration.load(
            explicitPath: try fixture.write("config", text),
            environment: ["PATH": "/usr/bin:/bin", "DIR": fixture.directory], clock: fixture.clock
        ).credentials
    }

    /// A script that writes an ExecCredential with this status.
    private func printing(_ status: String) -> String {
        "cat <<'END'\n{\"apiVersion\":\"\(group)/v1\",\"kind\":\"ExecCredential\",\"status\":\(status)}\nEND\n"
    }

    private func counting(_ status: String) -> String {
        "echo x >> $DIR/runs\n" + printing(status)
    }

    private var runs: Int {
        ((try? String(contentsOfFile: fixture.directory + "/runs", encoding: .utf8)) ?? "").count / 2
    }

    private func failure(_ script: String, fields: String = "") async throws -> String {
        let source = try source(script, fields: fields)
        let error = await #expect(throws: CredentialError.self) { try await source.credential(refresh: false) }
        return error?.description ?? ""
    }

    @Test func `caches a token until shortly before it expires`() async throws {
        let end = (fixture.clock.now() + .seconds(60)).rfc3339
        let source = try source(counting(#"{"token":"abc","expirationTimestamp":"\#(end)"}"#))
        for _ in 0..<3 { #expect(try await source.credential(refresh: false) == Credential(bearerToken: "abc")) }
        #expect(runs == 1)
        fixture.advance(.seconds(49))
        _ = try await source.credential(refresh: false)
        #expect(runs == 1)
        fixture.advance(.seconds(1))
        _ = try await source.credential(refresh: false)
        #expect(runs == 2)
    }

    @Test func `runs the plugin again after a 401`() async throws {
        let source = try source(counting(#"{"token":"abc"}"#))
        _ = try await source.credential(refresh: false)
        _ = try await source.credential(refresh: true)
        #expect(runs == 1)
        fixture.advance(.seconds(10))
        _ = try await source.credential(refresh: true)
        #expect(runs == 2)
    }

    @Test func `one run serves all waiting requests`() async throws {
        let source = try source("sleep 0.2\n" + counting(#"{"token":"abc"}"#))
        try await withThrowingTaskGroup(of: Credential.self) { group in
            for _ in 0..<20 { group.addTask { try await source.credential(refresh: false) } }
            for try await credential in group { #expect(credential == Credential(bearerToken: "abc")) }
        }
        #expect(runs == 1)
    }

    @Test func `accepts a certificate instead of a token`() async throws {
        let source = try source(printing(#"{"clientCertificateData":"C","clientKeyData":"K"}"#))
        #expect(
            try await source.credential(refresh: false)
                == Credential(clientCertificate: ClientCertificate(certificate: [0x43], key: [0x4B])))
    }

    @Test func `does not run the plugin if a token is set`() async throws {
        let source = try source(counting(#"{"token":"abc"}"#), user: "token: explicit, ")
        #expect(try await source.credential(refresh: false) == Credential(bearerToken: "explicit"))
        #expect(runs == 0)
    }

    @Test func `passes the cluster information to the plugin`() async throws {
        let source = try source(
            "echo \"$KUBERNETES_EXEC_INFO\" > $DIR/info\necho \"$1 $NAME\" > $DIR/seen\n"
                + printing(#"{"token":"abc"}"#),
            fields: ", args: [one two], env: [{name: NAME, value: value}], provideClusterInfo: true",
            cluster: "server: https://one/, certificate-authority-data: AQI=, tls-server-name: api, "
                + "disable-compression: true, proxy-url: 'http://p:1', "
                + "extensions: [{name: \(group)/exec, extension: {audience: x}}]")
        _ = try await source.credential(refresh: false)
        #expect(try String(contentsOfFile: fixture.directory + "/seen", encoding: .utf8) == "one two value\n")
        let info = try JSONValue(parsing: String(contentsOfFile: fixture.directory + "/info", encoding: .utf8))
        #expect(
            info == [
                "apiVersion": .string("\(group)/v1"), "kind": "ExecCredential",
                "spec": [
                    "interactive": false,
                    "cluster": [
                        "server": "https://one/", "tls-server-name": "api", "certificate-authority-data": "AQI=",
                        "disable-compression": true, "proxy-url": "http://p:1",
                        "config": ["audience": "x"],
                    ],
                ],
            ])
    }

    @Test func `reports the standard error of a failed plugin`() async throws {
        let message = try await failure("echo hush; echo 'login\nfirst' >&2; exit 3")
        #expect(message.hasPrefix("exec plugin \"\(fixture.directory)/./bin/plugin\" (user \"u\" in "))
        #expect(message.hasSuffix("exited with code 3: login first"))
        #expect(!message.contains("hush"))
        #expect(try await failure("kill -9 $$").hasSuffix("was killed by signal 9"))
    }

    @Test func `reports the install hint of a missing plugin`() async throws {
        let fields = ##", installHint: "Run\n\emake it""##
        let source = try source("", fields: fields)
        try fixture.remove("bin/plugin")
        let error = await #expect(throws: CredentialError.self) { try await source.credential(refresh: false) }
        #expect(error?.description.hasSuffix("is not an executable file. Run make it") == true)
    }

    @Test(arguments: [
        (#"{}"#, "neither a token nor"), (#"{"token":5}"#, "the token in its output is not a string"),
        (#"{"token":"hush\nHost: x"}"#, "the token in its output has invalid characters"), (#"null"#, "has no status"),
        (#"{"clientKeyData":"hush"}"#, "only one of"), (#"{"token":"hush","expirationTimestamp":"soon"}"#, "RFC 3339"),
    ])
    func `rejects malformed output without quoting it`(_ status: String, _ problem: String) async throws {
        let message = try await failure(printing(status))
        #expect(message.contains(problem), "\(message)")
        #expect(!message.contains("hush"))
    }

    /// A script that writes an ExecCredential as YAML.
    private func printingYAML(_ lines: String) -> String {
        "cat <<'END'\n\(lines)\nEND\n"
    }

    @Test func `accepts YAML from a plugin`() async throws {
        let source = try source(
            printingYAML(
                """
                # comment
                apiVersion: \(group)/v1
                kind: ExecCredential
                status:
                  token: good
                  expirationTimestamp: 2099-01-01T00:00:00.5+02:00
                """))
        #expect(try await source.credential(refresh: false) == Credential(bearerToken: "good"))
    }

    @Test func `accepts plugin output that client-go accepts`() async throws {
        let source = try source(
            printingYAML(
                """
                ---
                apiVersion: other
                apiVersion: \(group)/v1
                unknown: {a: !b c}
                status:
                  token: !!binary Z29vZA==
                  clientCertificateData: null
                ---
                other: [
                """))
        #expect(try await source.credential(refresh: false) == Credential(bearerToken: "good"))
    }

    @Test func `finds the plugin in the PATH of the process and ignores directories`() async throws {
        try fixture.write("first/plugin/file", "")
        try fixture.write(
            "second/plugin",
            "#!/bin/sh\necho \"$PATH\" > $DIR/path\n"
                + printing(#"{"token":"abc"}"#).replacing("cat <<", with: "/bin/cat <<"),
            executable: true)
        let plugin = ExecPlugin(apiVersion: "\(group)/v1", command: "plugin", environment: ["PATH": "/nowhere"])
        let directory = fixture.directory
        let source = ExecCredential(
            plugin: plugin, origin: "test",
            environment: ["PATH": ":relative:\(directory)/first:\(directory)/second", "DIR": directory],
            clock: fixture.clock)
        #expect(try await source.credential(refresh: false) == Credential(bearerToken: "abc"))
        #expect(try String(contentsOfFile: directory + "/path", encoding: .utf8) == "/nowhere\n")
    }

    @Test func `rejects foreign output without quoting it`() async throws {
        #expect(try await failure("echo hush").hasSuffix("its output is not a JSON or YAML object"))
        #expect(try await failure("echo 'a: {hush'").hasSuffix("its output is not a JSON or YAML object"))
        #expect(try await failure("echo 'a: hush'").contains("not an ExecCredential of"))
        let other = printing("{}").replacingOccurrences(of: "/v1", with: "/v1beta1")
        #expect(try await failure(other).contains("same apiVersion"))
        #expect(try await failure("head -c 2000000 /dev/zero").contains("wrote more than 1048576 bytes"))
    }

    @Test func `kills a hanging plugin and its children`() async throws {
        let path = try fixture.write("hang", "#!/bin/sh\nsleep 600 & echo $! > $DIR/child; wait", executable: true)
        let plugin = ExecPlugin(apiVersion: "\(group)/v1", command: path)
        let source = ExecCredential(
            plugin: plugin, origin: "test", environment: ["PATH": "/usr/bin:/bin", "DIR": fixture.directory],
            timeout: .milliseconds(500), clock: fixture.clock)
        let error = await #expect(throws: CredentialError.self) { try await source.credential(refresh: false) }
        #expect(error?.description.contains("did not finish within") == true)
        let child = try String(contentsOfFile: fixture.directory + "/child", encoding: .utf8)
        let process = try #require(pid_t(child.trimmingCharacters(in: .whitespacesAndNewlines)))
        let deadline = ContinuousClock.now + .seconds(10)
        while isRunning(process), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!isRunning(process))
    }

    /// True unless the process is gone or a zombie.
    private func isRunning(_ process: pid_t) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return !stat.contains(") Z ")
    }

    @Test func `does not wait for children of the plugin`() async throws {
        let source = try source("sleep 25 &\n" + printing(#"{"token":"abc"}"#))
        let start = ContinuousClock.now
        #expect(try await source.credential(refresh: false) == Credential(bearerToken: "abc"))
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func `a canceled caller stops waiting`() async throws {
        let source = try source("sleep 25\n" + printing(#"{"token":"abc"}"#))
        let task = Task { try await source.credential(refresh: false) }
        task.cancel()
        let start = ContinuousClock.now
        await #expect(throws: CredentialError.cancelled) { try await task.value }
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
