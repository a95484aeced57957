package dev.declaw.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Teams, environments and secrets. Values are sealed before they come here.
public final class VaultTable {
    private final Database database;

    public VaultTable(Database database) {
        this.database = database;
    }

    public record Team(String id, String owner, String name, Instant created) {}

    public record Environment(String id, String teamId, String name) {}

    /// @param sealed the encrypted value
    /// @param scopes JSON array
    public record Secret(
            String id,
            String owner,
            String teamId,
            String environment,
            String environmentId,
            String name,
            String sealed,
            String scopes,
            int rotationDays,
            Instant created,
            Instant updated,
            Optional<Instant> rotated) {
        @Override
        public String toString() {
            return "Secret[" + id + "]";
        }
    }

    /// A secret in a sandbox.
    ///
    /// @param variable environment variable that holds the placeholder
    public record Use(String variable, String secretId, String reference) {}

    /// Adds a team unless the owner has one of this name; gives the one that is there then.
    public Team addTeam(Team team) {
        return database.write(handle -> {
            handle.createUpdate(
                            """
                            INSERT INTO teams (id, owner, name, created_micros) VALUES (:id, :owner, :name, :created)
                            ON CONFLICT (owner, name) DO NOTHING
                            """)
                    .bind("id", team.id())
                    .bind("owner", team.owner())
                    .bind("name", team.name())
                    .bind("created", Micros.of(team.created()))
                    .execute();
            return handle.createQuery("SELECT * FROM teams WHERE owner = :owner AND name = :name")
                    .bind("owner", team.owner())
                    .bind("name", team.name())
                    .map((results, _) -> team(results))
                    .one();
        });
    }

    /// Teams of an owner, oldest first.
    public List<Team> teams(String owner) {
        return database.read(handle -> handle.createQuery("SELECT * FROM teams WHERE owner = :owner ORDER BY created_micros, id")
                .bind("owner", owner)
                .map((results, _) -> team(results))
                .list());
    }

    /// Adds an environment unless the team has one of this name; gives the one that is there then.
    public Environment addEnvironment(Environment environment) {
        return database.write(handle -> {
            handle.createUpdate(
                            """
                            INSERT INTO environments (id, team_id, name) VALUES (:id, :team, :name)
                            ON CONFLICT (team_id, name) DO NOTHING
                            """)
                    .bind("id", environment.id())
                    .bind("team", environment.teamId())
                    .bind("name", environment.name())
                    .execute();
            return handle.createQuery("SELECT * FROM environments WHERE team_id = :team AND name = :name")
                    .bind("team", environment.teamId())
                    .bind("name", environment.name())
                    .map((results, _) -> environment(results))
                    .one();
        });
    }

    public List<Environment> environments(String teamId) {
        return database.read(handle -> handle.createQuery("SELECT * FROM environments WHERE team_id = :team ORDER BY name")
                .bind("team", teamId)
                .map((results, _) -> environment(results))
                .list());
    }

    /// Adds a secret; false when its environment has one of this name.
    public boolean add(Secret secret) {
        return database.write(handle -> handle.createUpdate(
                        """
                        INSERT INTO secrets (id, owner, team_id, environment, env_id, name, sealed, scopes, rotation_days,
                          created_micros, updated_micros)
                        VALUES (:id, :owner, :team, :environment, :envId, :name, :sealed, :scopes, :days, :created, :created)
                        ON CONFLICT (team_id, environment, name) DO NOTHING
                        """)
                .bind("id", secret.id())
                .bind("owner", secret.owner())
                .bind("team", secret.teamId())
                .bind("environment", secret.environment())
                .bind("envId", secret.environmentId())
                .bind("name", secret.name())
                .bind("sealed", secret.sealed())
                .bind("scopes", secret.scopes())
                .bind("days", secret.rotationDays())
                .bind("created", Micros.of(secret.created()))
                .execute())
                == 1;
    }

    /// Secrets of a team, oldest first.
    public List<Secret> secrets(String teamId) {
        return database.read(handle -> handle.createQuery("SELECT * FROM secrets WHERE team_id = :team ORDER BY created_micros, id")
                .bind("team", teamId)
                .map((results, _) -> secret(results))
                .list());
    }

    public Optional<Secret> secret(String id) {
        return database.read(handle -> handle.createQuery("SELECT * FROM secrets WHERE id = :id")
                .bind("id", id)
                .map((results, _) -> secret(results))
                .findOne());
    }

    /// Any secret at all; empty when there is none.
    public Optional<Secret> any() {
        return database.read(handle ->
                handle.createQuery("SELECT * FROM secrets LIMIT 1").map((results, _) -> secret(results)).findOne());
    }

    public boolean rotate(String id, String sealed, Instant now) {
        return database.write(handle -> handle.createUpdate(
                        "UPDATE secrets SET sealed = :sealed, rotated_micros = :now, updated_micros = :now WHERE id = :id")
                .bind("id", id)
                .bind("sealed", sealed)
                .bind("now", Micros.of(now))
                .execute())
                == 1;
    }

    public boolean setScopes(String id, String scopes, Instant now) {
        return database.write(handle -> handle.createUpdate(
                        "UPDATE secrets SET scopes = :scopes, updated_micros = :now WHERE id = :id")
                .bind("id", id)
                .bind("scopes", scopes)
                .bind("now", Micros.of(now))
                .execute())
                == 1;
    }

    public boolean delete(String id) {
        return database.write(handle ->
                handle.createUpdate("DELETE FROM secrets WHERE id = :id").bind("id", id).execute() == 1);
    }

    /// Records which secrets a sandbox uses.
    public void use(String sandboxId, List<Use> uses) {
        database.write(handle -> {
            handle.createUpdate(
                            """
                            DELETE FROM sandbox_secrets WHERE NOT EXISTS
                              (SELECT 1 FROM sandboxes WHERE sandboxes.id = sandbox_secrets.sandbox_id)
                            """)
                    .execute();
            for (Use use : uses) {
                handle.createUpdate(
                                """
                                INSERT INTO sandbox_secrets (sandbox_id, variable, secret_id, reference)
                                VALUES (:sandbox, :variable, :secret, :reference)
                                """)
                        .bind("sandbox", sandboxId)
                        .bind("variable", use.variable())
                        .bind("secret", use.secretId())
                        .bind("reference", use.reference())
                        .execute();
            }
            return null;
        });
    }

    public List<Use> uses(String sandboxId) {
        return database.read(handle -> handle.createQuery("SELECT * FROM sandbox_secrets WHERE sandbox_id = :id ORDER BY variable")
                .bind("id", sandboxId)
                .map((results, _) ->
                        new Use(results.getString("variable"), results.getString("secret_id"), results.getString("reference")))
                .list());
    }

    private static Team team(ResultSet results) throws SQLException {
        return new Team(
                results.getString("id"),
                results.getString("owner"),
                results.getString("name"),
                Micros.instant(results.getLong("created_micros")));
    }

    private static Environment environment(ResultSet results) throws SQLException {
        return new Environment(results.getString("id"), results.getString("team_id"), results.getString("name"));
    }

    private static Secret secret(ResultSet results) throws SQLException {
        return new Secret(
                results.getString("id"),
                results.getString("owner"),
                results.getString("team_id"),
                results.getString("environment"),
                results.getString("env_id"),
                results.getString("name"),
                results.getString("sealed"),
                results.getString("scopes"),
                results.getInt("rotation_days"),
                Micros.instant(results.getLong("created_micros")),
                Micros.instant(results.getLong("updated_micros")),
                Micros.optional(results, "rotated_micros"));
    }
}
