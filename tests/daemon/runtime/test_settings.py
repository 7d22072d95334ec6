"""Settings: where each value comes from, and what is said of one that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from burgeed.settings import OPTIONS, Address, Problem, Settings, SettingsError, SourceSetting, gather
from burgeed.settings.gathering import candidate_sockets


def gathered(
    environment: Mapping[str, str] | None = None, /, **command_line: str | Sequence[str]
) -> Settings:
    """Settings with a source, unless one is given."""
    stated = {
        name.replace("_", "-"): [value] if isinstance(value, str) else list(value)
        for name, value in command_line.items()
    }
    return gather(stated, {"BURGEE_SOURCE": "base.yaml", **(environment or {})})


def problems(
    environment: Mapping[str, str] | None = None, /, **command_line: str | Sequence[str]
) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as raised:
        gathered(environment, **command_line)
    return raised.value.problems


def settings_file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "burgee.toml"
    path.write_text(text)
    return str(path)


def test_defaults_are_those_of_the_design() -> None:
    assert gathered() == Settings(
        sources=(SourceSetting("base.yaml"),),
        socket=Path("/run/burgee/burgee.sock"),
        socket_mode=0o600,
        socket_group=None,
        listen=Address("127.0.0.1", 8016),
        allowed_hosts=(),
        management=None,
        runtime_dir=Path("/run/burgee"),
        runtime_dir_stated=False,
        state_dir=Path("/var/lib/burgee"),
        state_dir_stated=False,
        fixed={},
        fractional_version=2,
        geoip=None,
        sync_token_file=None,
        track=None,
        log_format="text",
    )


def test_user_directories_are_the_default_where_there_are_some() -> None:
    settings = gathered({"XDG_RUNTIME_DIR": "/run/user/7", "XDG_STATE_HOME": "/home/u/.local/state"})
    assert settings.socket == Path("/run/user/7/burgee/burgee.sock")
    assert settings.runtime_dir == Path("/run/user/7/burgee")
    assert settings.state_dir == Path("/home/u/.local/state/burgee")


def test_state_is_kept_in_the_home_of_who_has_a_session() -> None:
    session = {"XDG_RUNTIME_DIR": "/run/user/7", "HOME": "/home/u"}
    assert gathered(session).state_dir == Path("/home/u/.local/state/burgee")
    assert gathered({"HOME": "/home/u"}).state_dir == Path("/var/lib/burgee")


def test_runtime_directory_lies_beside_a_stated_socket() -> None:
    assert gathered(socket="/srv/flags/b.sock").runtime_dir == Path("/srv/flags")


def test_clients_look_for_the_users_socket_before_the_machines() -> None:
    assert [str(path) for path in candidate_sockets({"XDG_RUNTIME_DIR": "/run/user/7"})] == [
        "/run/user/7/burgee/burgee.sock",
        "/run/burgee/burgee.sock",
    ]


def test_command_line_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    config = settings_file(tmp_path, 'listen = "127.0.0.1:3"')
    ports = [
        gathered({"BURGEE_LISTEN": "127.0.0.1:2"}, config=config, listen="127.0.0.1:1").listen,
        gathered({"BURGEE_LISTEN": "127.0.0.1:2"}, config=config).listen,
        gathered(config=config).listen,
        gathered().listen,
    ]
    assert [address.port for address in ports if address] == [1, 2, 3, 8016]


@pytest.mark.parametrize(
    ("option", "text", "in_file", "attribute", "value"),
    [
        ("source", "a.yaml,optional=true", None, "sources", (SourceSetting("a.yaml", True),)),
        ("socket", "/srv/b.sock", None, "socket", Path("/srv/b.sock")),
        ("socket-mode", "0660", None, "socket_mode", 0o660),
        ("socket-group", "staff", None, "socket_group", "staff"),
        ("listen", "none", None, "listen", None),
        ("listen", "[::1]:8016", None, "listen", Address("::1", 8016)),
        ("listen", "localhost:0", None, "listen", Address("localhost", 0)),
        ("allow-host", "Flags.local", None, "allowed_hosts", ("flags.local",)),
        ("management", "0.0.0.0:8017", None, "management", Address("0.0.0.0", 8017)),
        ("runtime-dir", "/srv/run", None, "runtime_dir", Path("/srv/run")),
        ("state-dir", "/srv/state", None, "state_dir", Path("/srv/state")),
        ("environment", "production", None, "fixed", {"environment": "production"}),
        ("context", "tier=3", {"tier": 3}, "fixed", {"tier": 3}),
        ("store", "none", None, "store", None),
        ("store", "sqlite:/srv/burgee.db", None, "store", "sqlite:/srv/burgee.db"),
        ("store", "postgresql://b:s@db/flags", None, "store", "postgresql://b:s@db/flags"),
        ("fractional", "3", None, "fractional_version", 3),
        ("geoip", "/srv/countries.mmdb", None, "geoip", Path("/srv/countries.mmdb")),
        ("log-format", "json", None, "log_format", "json"),
    ],
)
def test_every_option_can_be_given_in_all_three_places(
    tmp_path: Path, option: str, text: str, in_file: object, attribute: str, value: object
) -> None:
    written = "{tier = 3}" if in_file else f'"{text}"'
    config = settings_file(tmp_path, f"{option} = {written}")
    variable = {"BURGEE_" + option.upper().replace("-", "_"): text}
    found = [
        getattr(gather({"source": ["base.yaml"], option: [text]}, {}), attribute),
        getattr(gather({} if option == "source" else {"source": ["base.yaml"]}, variable), attribute),
        getattr(
            gather({"config": [config]} | ({} if option == "source" else {"source": ["base.yaml"]}), {}),
            attribute,
        ),
    ]
    assert found == [value] * 3


def test_each_option_is_named_alike_in_all_three_places() -> None:
    assert {option.name: (option.flag, option.variable) for option in OPTIONS}["socket-mode"] == (
        "--socket-mode",
        "BURGEE_SOCKET_MODE",
    )


def test_sources_keep_their_order_and_a_comma_of_a_path() -> None:
    sources = gathered(source=["a,b.yaml", "c.yaml,optional=false", "d.yaml,optional=true"]).sources
    assert sources == (SourceSetting("a,b.yaml"), SourceSetting("c.yaml"), SourceSetting("d.yaml", True))


@pytest.mark.parametrize("text", ["a.yaml b.yaml", '["a.yaml", "b.yaml"]', " a.yaml\n b.yaml "])
def test_repeatable_option_in_the_environment_is_separated_by_space_or_a_json_list(text: str) -> None:
    assert [source.uri for source in gathered({"BURGEE_SOURCE": text}).sources] == ["a.yaml", "b.yaml"]


def test_repeatable_option_in_a_file_is_a_list(tmp_path: Path) -> None:
    config = settings_file(tmp_path, 'source = ["a b.yaml", "c.yaml"]')
    assert [source.uri for source in gather({"config": [config]}, {}).sources] == ["a b.yaml", "c.yaml"]


def test_an_empty_environment_variable_counts_as_none() -> None:
    assert gathered({"BURGEE_LISTEN": ""}).listen == Address("127.0.0.1", 8016)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("3.0", 3.0),
        ("true", True),
        ('"3"', "3"),
        ("eu", "eu"),
        ("NaN", "NaN"),
        ("[1]", "[1]"),
        ("", ""),
    ],
)
def test_attributes_are_json_scalars_or_else_text(text: str, value: object) -> None:
    fixed = gathered(context=f"key={text}").fixed["key"]
    assert (fixed, type(fixed)) == (value, type(value))


def test_environment_may_be_said_twice_if_it_is_the_same() -> None:
    assert gathered(context="environment=eu", environment="eu").fixed == {"environment": "eu"}


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("source", "", "empty"),
        ("source", "admin", "./admin"),
        ("source", "a.yaml,optinal=true", "optinal"),
        ("source", "a.yaml,optional=yes", "optional=true"),
        ("source", ["a.yaml", "a.yaml"], "more than once"),
        ("socket", "/" + "s" * 200, "107"),
        ("socket", "~nobody-of-this-name/x", "in full"),
        ("socket-mode", "rw", "octal"),
        ("socket-mode", "0060", "0600"),
        ("socket-mode", "4600", "0600"),
        ("socket-group", " ", "name"),
        ("listen", "8016", "HOST:PORT"),
        ("listen", "127.0.0.1:70000", "65535"),
        ("listen", "0.0.0.0:8016", "127.0.0.1"),
        ("listen", "flags.example.com:8016", "--management"),
        ("allow-host", "a.local:8016", "without port"),
        ("management", "none at all", "HOST:PORT"),
        ("runtime-dir", "a\0b", "NUL"),
        ("environment", " ", "name"),
        ("context", "region", "KEY=VALUE"),
        ("context", "region=null", "absent"),
        ("context", "id=99999999999999999999", "64 bits"),
        ("store", "sqlite", "sqlite:PATH"),
        ("store", "sqlite:", "path of a file"),
        ("store", "sqlite:///tmp/x", "path of a file"),
        ("store", "sqlite:a\0b", "NUL"),
        ("store", "mysql://localhost/flags", "postgresql://"),
        ("store", "postgresql://", "postgresql://"),
        ("fractional", "1", "2 or 3"),
        ("geoip", "a\0b", "NUL"),
        ("config", "/no/such/file.toml", "/no/such/file.toml"),
        ("log-format", "xml", "text or json"),
    ],
)
def test_an_unfit_value_names_option_origin_and_remedy(option: str, text: str | list[str], said: str) -> None:
    found = problems(**{option.replace("-", "_"): text})
    assert [(problem.option, problem.origin) for problem in found] == [(f"--{option}", "the command line")]
    assert said in f"{found[0].message}; {found[0].remedy}" and found[0].remedy


def test_a_problem_names_the_environment_variable_or_the_file_that_it_came_from(tmp_path: Path) -> None:
    config = settings_file(tmp_path, 'store = "sqlite"')
    found = problems({"BURGEE_SOCKET_MODE": "rw"}, config=config)
    assert {problem.origin for problem in found} == {"the environment variable BURGEE_SOCKET_MODE", config}


def test_a_relative_store_is_found_from_where_the_daemon_starts() -> None:
    assert gathered(store="sqlite:flags.db").store == f"sqlite:{Path('flags.db').absolute()}"


def test_a_store_is_in_the_state_directory_where_one_is_wanted_and_none_is_stated() -> None:
    assert gather({"state-dir": ["/srv/b"]}, {}, wants_source=False, keeps_store=True).store == (
        "sqlite:/srv/b/burgee.db"
    )
    assert gather({"store": ["none"]}, {}, wants_source=False, keeps_store=True).store is None
    assert gathered().store is None


@pytest.mark.parametrize("uri", ["postgresql://b:hunter2@db/flags", "postgrseql://b:hunter2@db/flags"])
def test_no_password_is_shown_with_settings_or_a_problem(uri: str) -> None:
    try:
        shown = repr(gathered(store=uri))
    except SettingsError as error:
        shown = f"{error} {error.problems}"
    assert "hunter2" not in shown


def test_all_problems_are_told_at_once() -> None:
    assert len(problems(listen="x", socket_mode="y", store="z")) == 3


def test_no_source_is_a_problem_where_one_is_wanted() -> None:
    with pytest.raises(SettingsError, match="--source"):
        gather({}, {})
    assert gather({}, {}, wants_source=False).sources == ()


def test_two_environments_contradict_each_other() -> None:
    [problem] = problems(context="environment=eu", environment="us")
    assert problem.option == "--environment"


def test_a_default_socket_that_is_too_long_is_a_problem_too() -> None:
    [problem] = problems({"XDG_RUNTIME_DIR": "/" + "r" * 120})
    assert (problem.option, problem.origin) == ("--socket", "the default")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('lisen = "none"', "did you mean listen?"),
        ('config = "other.toml"', "no such setting"),
        ("socket-mode = 660", "in quotes"),
        ("source = [1]", "a list of texts"),
        ("context = {a = [1]}", "a list of texts"),
        ("listen = ", "not TOML"),
    ],
)
def test_a_faulty_settings_file_is_told_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    config = settings_file(tmp_path, text)
    [problem] = problems(config=config)
    assert config in str(problem) and said in str(problem)


def test_a_list_in_the_environment_that_is_none_is_a_problem() -> None:
    [problem] = problems({"BURGEE_ALLOW_HOST": '["a"'})
    assert "JSON list" in problem.message
