"""`python -m mangaclean`."""

from mangaclean.cli import main

if __name__ == "__main__":
    main()
