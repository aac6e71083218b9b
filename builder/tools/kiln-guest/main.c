#include "options.h"

int main(int argc, char **argv)
{
	return cli_main(&guest_tool, argc, argv);
}
