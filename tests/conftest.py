"""Options of the tests."""


def pytest_addoption(parser):
    parser.addoption("--regenerate", action="store_true", help="make the golden pictures anew; look at them then")
